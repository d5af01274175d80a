using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace IoTPlatform.Identity.Factors;

/// <summary>Time-based one-time passwords (RFC 6238) as every authenticator app makes them: HMAC-SHA-1, six digits, 30 seconds.</summary>
internal static class Totp
{
    public const int Digits = 6;
    private const int SecretBytes = 20; // RFC 4226 section 4, R6
    private const int StepSeconds = 30;
    private const int Drift = 1; // one step each way for clocks and slow fingers (RFC 6238 section 5.2)
    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    public static byte[] NewSecret() => RandomNumberGenerator.GetBytes(SecretBytes);

    public static long StepAt(DateTimeOffset time) => time.ToUnixTimeSeconds() / StepSeconds;

    public static string CodeAt(ReadOnlySpan<byte> secret, long step)
    {
        Span<byte> counter = stackalloc byte[sizeof(long)];
        Span<byte> mac = stackalloc byte[HMACSHA1.HashSizeInBytes];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
        HMACSHA1.HashData(secret, counter, mac);
        var truncated = BinaryPrimitives.ReadUInt32BigEndian(mac[(mac[^1] & 0xf)..]) & 0x7fff_ffff; // RFC 4226 section 5.3
        return (truncated % 1_000_000).ToString("D6", CultureInfo.InvariantCulture);
    }

    /// <summary>The step that a code is of; null: it is wrong. Every candidate is compared, in constant time.</summary>
    public static long? StepOf(ReadOnlySpan<byte> secret, string code, DateTimeOffset now)
    {
        long? found = null;
        for (var step = StepAt(now) - Drift; step <= StepAt(now) + Drift; step++)
        {
            if (CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(CodeAt(secret, step)), Encoding.UTF8.GetBytes(code)))
            {
                found = step;
            }
        }

        return found;
    }

    /// <summary>For typing: RFC 4648 section 6, without padding.</summary>
    public static string Text(ReadOnlySpan<byte> secret)
    {
        var (text, bits, count) = (new StringBuilder(), 0, 0);
        foreach (var octet in secret)
        {
            bits = (bits << 8) | octet;
            for (count += 8; count >= 5; count -= 5)
            {
                text.Append(Base32[(bits >> (count - 5)) & 31]);
            }

            bits &= (1 << count) - 1;
        }

        return count == 0 ? text.ToString() : text.Append(Base32[(bits << (5 - count)) & 31]).ToString();
    }

    /// <summary>What an authenticator app reads from the QR code.</summary>
    public static string Uri(string server, string username, ReadOnlySpan<byte> secret)
    {
        var issuer = System.Uri.EscapeDataString(server);
        return $"otpauth://totp/{issuer}:{System.Uri.EscapeDataString(username)}?secret={Text(secret)}&issuer={issuer}&algorithm=SHA1&digits=6&period=30";
    }
}
