using System.Security.Cryptography;
using System.Text;

namespace IoTPlatform.Identity.Factors;

/// <summary>What lets a person in who has lost every other second factor: ten codes, each for one use. 79 random bits need no salt and no slow hash.</summary>
internal static class RecoveryCode
{
    public const int PerAccount = 10;
    private const int Characters = 16;
    private const string Alphabet = "abcdefghjkmnpqrstuvwxyz23456789"; // none that look alike

    public static IReadOnlyList<string> NewSet() => [.. Enumerable.Range(0, PerAccount).Select(_ => string.Join('-', RandomNumberGenerator.GetString(Alphabet, Characters).Chunk(4).Select(part => new string(part))))];

    /// <summary>Of a code however it was typed; null: it can be none.</summary>
    public static byte[]? Hash(string typed)
    {
        var code = Plain(typed);
        return code.Length == Characters && code.All(c => Alphabet.Contains(c, StringComparison.Ordinal)) ? SHA256.HashData(Encoding.ASCII.GetBytes(code)) : null;
    }

    /// <summary>Without what people put in between.</summary>
    public static string Plain(string typed) => typed.Replace("-", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant();
}
