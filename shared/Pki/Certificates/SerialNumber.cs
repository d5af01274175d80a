using System.Diagnostics.CodeAnalysis;

namespace IoTPlatform.Pki;

/// <summary>Certificate serial numbers: positive, 1 to 20 bytes, big endian, minimal DER content bytes (RFC 5280 4.1.2.2).</summary>
public static class SerialNumber
{
    /// <summary>128 random bits, positive; 16 or 17 bytes.</summary>
    public static byte[] Create() => throw new NotImplementedException();

    public static string ToDecimal(ReadOnlySpan<byte> serial) => throw new NotImplementedException();

    /// <summary>Upper-case hex of the bytes.</summary>
    public static string ToHex(ReadOnlySpan<byte> serial) => throw new NotImplementedException();

    /// <summary>Digits only, no sign, no leading zero, not zero, at most 20 bytes.</summary>
    public static bool TryParseDecimal(string? text, [NotNullWhen(true)] out byte[]? serial) => throw new NotImplementedException();
}
