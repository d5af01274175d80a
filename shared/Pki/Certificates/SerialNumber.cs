using System.Buffers.Binary;
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

    private const int TimeBytes = 4;
    private const int RandomBytes = 12;

    /// <summary>Above a time of 30 bits: positive, and as long in a hundred years.</summary>
    private const uint First = 0x4000_0000;

    /// <summary>2^30 of them are 136 years.</summary>
    private const int SecondsOfUnit = 4;

    private const int ShortDigits = 8;

    // 2^159 - 1, the largest positive number in 20 bytes, has 48 digits.
    private const int MaxDigits = 48;

    // 0x, a leading zero byte, 20 bytes and the colons between them.
    private const int MaxHexText = 2 + (3 * (MaxBytes + 1));

    /// <summary>
    /// The time to four seconds, since 1970, and 96 random bits; 16 bytes. What is issued together is together in an index, which a million
    /// wholly random numbers spread over all its pages.
    /// </summary>
    public static byte[] Create(DateTimeOffset time)
    {
        var serial = new byte[TimeBytes + RandomBytes];
        BinaryPrimitives.WriteUInt32BigEndian(serial, First | ((uint)(time.ToUnixTimeSeconds() / SecondsOfUnit) & (First - 1)));
        RandomNumberGenerator.Fill(serial.AsSpan(TimeBytes));
        return serial;
    }

    /// <summary>For people's eyes: the end of its text, which is random. The beginning is the time, which others have as well.</summary>
    public static string Short(string text) => text.Length <= ShortDigits ? text : "…" + text[^ShortDigits..];

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
