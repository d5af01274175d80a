using IoTPlatform.Identity.Factors;

namespace IoTPlatform.Testing;

/// <summary>A person's phone (RFC 6238).</summary>
/// <param name="secret">As the account page shows it: base32.</param>
public sealed class AuthenticatorApp(string secret)
{
    private const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    public byte[] Secret { get; } = Decode(secret);

    /// <summary>What it shows then.</summary>
    public string CodeAt(DateTimeOffset time) => Totp.CodeAt(Secret, Totp.StepAt(time));

    private static byte[] Decode(string text)
    {
        var bits = string.Concat(text.Select(c => Convert.ToString(Alphabet.IndexOf(c, StringComparison.Ordinal), 2).PadLeft(5, '0')));
        return [.. Enumerable.Range(0, bits.Length / 8).Select(i => Convert.ToByte(bits.Substring(8 * i, 8), 2))];
    }
}
