using System.CommandLine;
using IoTPlatform.Pki;

namespace IoTPlatform.Iot;

/// <summary>Serial numbers for people: decimal as the API and step-ca write them, with the hex of OpenSSL and browsers beside it.</summary>
internal static class SerialText
{
    public static Option<bool> Hex { get; } = new("--hex") { Description = "Print serial numbers in hex, as OpenSSL and browsers show them, instead of decimal." };

    /// <summary>For one fact a line: both.</summary>
    public static string Both(string serial) => SerialNumber.TryParse(serial, out var bytes) ? $"{SerialNumber.ToDecimal(bytes)} (hex {SerialNumber.ToHex(bytes)})" : serial;

    /// <summary>For a column: one of them.</summary>
    public static string Column(Run run, string serial) => run.Get(Hex) && SerialNumber.TryParse(serial, out var bytes) ? SerialNumber.ToHex(bytes) : serial;
}
