using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace IoTPlatform.Pki;

/// <summary>Certificate serial numbers: positive, 1 to 20 bytes, big endian, minimal DER content bytes (RFC 5280 4.1.2.2).</summary>
public static partial class SerialNumber
{
    public const int MaxBytes = 20;

    private const int RandomBytes = 16;

    // 2^159 - 1, the largest positive number in 20 bytes, has 48 digits.
    private const int MaxDigits = 48;

    // 0x, a leading zero byte, 20 bytes and the colons between them.
    private const int MaxHexText = 2 + (3 * (MaxBytes + 1));

    /// <summary>128 random bits, positive; 16 or 17 bytes.</summary>
    public static byte[] Create()
    {
        Span<byte> random = stackalloc byte[RandomBytes + 1];
        random[0] = 0;
        do
        {
            RandomNumberGenerator.Fill(random[1..]);
        }
        while (random[1] == 0);
        return (random[1] & 0x80) == 0 ? random[1..].ToArray() : random.ToArray();
    }

    public static string ToDecimal(ReadOnlySpan<byte> serial) =>
        new BigInteger(serial, isUnsigned: false, isBigEndian: true).ToString(CultureInfo.InvariantCulture);

    /// <summary>Upper-case hex of the bytes.</summary>
    public static string ToHex(ReadOnlySpan<byte> serial) => Convert.ToHexString(serial);

    /// <summary>Digits only, no sign, no leading zero, not zero, at most 20 bytes.</summary>
    public static bool TryParseDecimal(string? text, [NotNullWhen(true)] out byte[]? serial)
    {
        serial = null;
        if (text is not { Length: > 0 and <= MaxDigits } || text[0] == '0' || text.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            return false;
        }

        var bytes = BigInteger.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture).ToByteArray(isUnsigned: false, isBigEndian: true);
        if (bytes.Length > MaxBytes)
        {
            return false;
        }

        serial = bytes;
        return true;
    }

    /// <summary>
    /// Decimal, or hex as OpenSSL and browsers print it: colons, leading zeros and <c>0x</c> may be there, any case. Digits alone are
    /// decimal: a hex number without a letter needs the colons or the <c>0x</c>.
    /// </summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out byte[]? serial) => TryParseDecimal(text, out serial) || TryParseHex(text, out serial);

    /// <summary>Positive, minimal and not over-long.</summary>
    public static bool IsValid(ReadOnlySpan<byte> serial) =>
        serial.Length is > 0 and <= MaxBytes && (serial[0] & 0x80) == 0 && serial is not [0] && !(serial.Length > 1 && serial[0] == 0 && serial[1] < 0x80);

    private static bool TryParseHex(string? text, [NotNullWhen(true)] out byte[]? serial)
    {
        serial = null;
        if (text is not { Length: > 0 and <= MaxHexText } || !text.AsSpan().ContainsAnyExceptInRange('0', '9') || !Hex().IsMatch(text))
        {
            return false;
        }

        var digits = (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..] : text).Replace(":", "", StringComparison.Ordinal).TrimStart('0');
        var bytes = Convert.FromHexString(digits.Length % 2 == 0 ? digits : "0" + digits);
        bytes = bytes is [>= 0x80, ..] ? [0, .. bytes] : bytes;
        if (!IsValid(bytes))
        {
            return false;
        }

        serial = bytes;
        return true;
    }

    // Colons only between pairs, as openssl x509 -text prints them.
    [GeneratedRegex("^(0[xX][0-9A-Fa-f]+|[0-9A-Fa-f]+|[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})+)\\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, Timeout.Infinite)]
    private static partial Regex Hex();
}
