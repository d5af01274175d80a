using System.Collections.Concurrent;
using IoTPlatform.Identity;
using Microsoft.AspNetCore.Identity;

namespace IoTPlatform.Testing;

/// <summary>
/// Hashes a password once in this process and judges a password against a hash once: every host here makes an administrator of the same password, for a quarter
/// of a second of computing each. What it remembers is what the real hasher said.
/// </summary>
public sealed class RememberedPasswords : IPasswordHasher<object>
{
    private static readonly Lazy<RememberedPasswords> One = new(() => new RememberedPasswords(PasswordHashing.Hasher));
    private readonly IPasswordHasher<object> _real;
    private readonly ConcurrentDictionary<string, Lazy<string>> _hashes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Hash, string Password), Lazy<PasswordVerificationResult>> _judged = new();

    private RememberedPasswords(IPasswordHasher<object> real) => _real = real;

    /// <summary>The one that is not remembered: each time the real hasher's.</summary>
    public const string Forgotten = "hashed anew each time";

    /// <summary>For all hosts of this process that start from now on.</summary>
    public static void Use() => PasswordHashing.Hasher = One.Value;

    public string HashPassword(object user, string password) => password == Forgotten
        ? _real.HashPassword(user, password)
        : _hashes.GetOrAdd(password, p => new Lazy<string>(() => _real.HashPassword(user, p))).Value;

    public PasswordVerificationResult VerifyHashedPassword(object user, string hashedPassword, string providedPassword) => _judged.GetOrAdd(
        (hashedPassword, providedPassword), asked => new Lazy<PasswordVerificationResult>(() => _real.VerifyHashedPassword(user, asked.Hash, asked.Password))).Value;
}
