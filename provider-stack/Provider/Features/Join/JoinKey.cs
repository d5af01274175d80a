using System.Security.Cryptography;
using System.Text;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>
/// A JOIN key: <c>XXXX-YYYY-ZZZZ-WWWW</c>, 16 characters of Crockford's alphabet = 80 random bits. That many bits make a plain
/// SHA-256 safe to store: there is nothing to gain from a slow hash or a salt.
/// </summary>
internal static class JoinKey
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int Characters = 16;
    private const int LongestInput = 64;

    public static string Create()
    {
        var text = RandomNumberGenerator.GetString(Alphabet, Characters);
        return $"{text[..4]}-{text[4..8]}-{text[8..12]}-{text[12..]}";
    }

    /// <summary>The stored form. Reads as Crockford's alphabet is read aloud: any case, O as 0, I and L as 1, dashes where they like. Null: no key at all.</summary>
    public static byte[]? TryHash(string? input)
    {
        if (input is null or { Length: > LongestInput })
        {
            return null;
        }

        Span<char> key = stackalloc char[Characters];
        var length = 0;
        foreach (var c in input.AsSpan().Trim())
        {
            if (c == '-')
            {
                continue;
            }

            var digit = (char.IsAsciiLetterLower(c) ? (char)(c - 'a' + 'A') : c) switch { 'O' => '0', 'I' or 'L' => '1', var other => other };
            if (length == Characters || !Alphabet.Contains(digit, StringComparison.Ordinal))
            {
                return null;
            }

            key[length++] = digit;
        }

        if (length != Characters)
        {
            return null;
        }

        Span<byte> ascii = stackalloc byte[Characters];
        Encoding.ASCII.GetBytes(key, ascii);
        return SHA256.HashData(ascii);
    }
}
