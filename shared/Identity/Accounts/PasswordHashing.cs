using System.Security.Cryptography;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace IoTPlatform.Identity;

/// <summary>ASP.NET Core Identity's hasher (PBKDF2-HMAC-SHA-512), with the same work for an account that does not exist.</summary>
internal static class PasswordHashing
{
    public const int MinLength = 8;
    public const int MaxLength = 256;
    private const int Iterations = 210_000; // OWASP password storage cheat sheet, PBKDF2-HMAC-SHA512
    private static readonly object NoUser = new();
    private static readonly Lazy<string> UnknownUserHash = new(() => Hash(RandomNumberGenerator.GetHexString(32)));

    /// <summary>Another one only where many hosts in one process hash one password.</summary>
    public static IPasswordHasher<object> Hasher { get; internal set; } = new PasswordHasher<object>(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));

    public static string Hash(string password) => Hasher.HashPassword(NoUser, password);

    /// <param name="hash">Null if there is no such account; takes as long and returns false.</param>
    /// <param name="password">Whatever was typed.</param>
    /// <param name="outdated">The hash was made with less work than today's.</param>
    /// <param name="hasher">Who does the work; null: <see cref="Hasher"/>.</param>
    public static bool Verify(string? hash, string password, out bool outdated, IPasswordHasher<object>? hasher = null)
    {
        var result = (hasher ?? Hasher).VerifyHashedPassword(NoUser, hash ?? UnknownUserHash.Value, password);
        outdated = result == PasswordVerificationResult.SuccessRehashNeeded;
        return result != PasswordVerificationResult.Failed && hash is not null;
    }
}
