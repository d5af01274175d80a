using System.Buffers.Binary;
using IoTPlatform.Identity.Data;
using IoTPlatform.Identity.Factors;
using IoTPlatform.Identity.Issuer;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity;

/// <summary>Everything that signs people and programs in here, for another identity provider that is to take its place. With what proves them: for the operator of the machine alone.</summary>
public sealed class AccountExport
{
    private readonly IDbContextFactory<AccountsDb> _contexts;
    private readonly AuthenticatorSecrets _secrets;
    private readonly ServiceAccounts _programs;

    internal AccountExport(IServiceProvider services) => (_contexts, _secrets, _programs) =
        (services.GetRequiredService<IDbContextFactory<AccountsDb>>(), services.GetRequiredService<AuthenticatorSecrets>(), services.GetRequiredService<ServiceAccounts>());

    public async Task<IReadOnlyList<ExportedAccount>> AccountsAsync(CancellationToken cancellationToken)
    {
        await using var db = await _contexts.CreateDbContextAsync(cancellationToken);
        var rows = await (
            from account in db.Accounts.AsNoTracking()
            orderby account.Username
            select new
            {
                Account = account,
                Authenticator = db.Authenticators.Where(a => a.Account == account.Id).Select(a => a.Ciphertext).SingleOrDefault(),
                HasPasskey = db.Passkeys.Any(p => p.Account == account.Id),
            }).ToListAsync(cancellationToken);
        return [.. rows.Select(row => new ExportedAccount
        {
            Username = row.Account.Username,
            Subject = row.Account.Subject,
            Roles = row.Account.Roles,
            IsEnabled = row.Account.DisabledAt is null,
            Password = row.Account.PasswordHash is { } hash ? PasswordDigest.Of(hash) : null,
            AuthenticatorSecret = row.Authenticator is { } ciphertext && _secrets.Read(row.Account.Subject, ciphertext) is { } secret ? Totp.Text(secret) : null,
            HasSecondFactor = row.Authenticator is not null || row.HasPasskey,
        })];
    }

    /// <summary>Not the keys of machines: there is no such client elsewhere.</summary>
    public Task<IReadOnlyList<ExportedProgram>> ProgramsAsync(CancellationToken cancellationToken) => _programs.ExportAsync(cancellationToken);
}

/// <summary>A class, not a record: it carries secrets.</summary>
public sealed class ExportedAccount
{
    public required string Username { get; init; }

    public required Guid Subject { get; init; }

    public required IReadOnlyList<string> Roles { get; init; }

    public required bool IsEnabled { get; init; }

    /// <summary>Null: its person has not chosen one, or it is of a form that is not known.</summary>
    public required PasswordDigest? Password { get; init; }

    /// <summary>Of the authenticator app (RFC 6238: SHA-1, six digits, 30 s) as base32; null: there is none, or it can't be read.</summary>
    public required string? AuthenticatorSecret { get; init; }

    public required bool HasSecondFactor { get; init; }
}

/// <summary>A program with credentials of its own. A class, not a record.</summary>
public sealed class ExportedProgram
{
    public required string Name { get; init; }

    public required string ClientId { get; init; }

    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>JSON (RFC 7517 section 5); null: it has a secret, of which only the hash is known.</summary>
    public required string? KeySet { get; init; }
}

/// <summary>PBKDF2 (RFC 8018) as ASP.NET Core Identity stores it. A class, not a record.</summary>
public sealed class PasswordDigest
{
    private const byte Version2 = 0;
    private const byte Version3 = 1;
    private const int Version2Iterations = 1000;
    private const int Version2Salt = 16;
    private const int Version3Header = 13;

    private PasswordDigest(string prf, int iterations, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> hash) =>
        (Prf, Iterations, Salt, Hash) = (prf, iterations, salt.ToArray(), hash.ToArray());

    /// <summary>SHA1, SHA256 or SHA512: of the HMAC.</summary>
    public string Prf { get; }

    public int Iterations { get; }

    public byte[] Salt { get; }

    public byte[] Hash { get; }

    /// <summary>Null: of another form.</summary>
    public static PasswordDigest? Of(string stored)
    {
        var bytes = new byte[stored.Length];
        return !Convert.TryFromBase64String(stored, bytes, out var length) ? null : bytes.AsSpan(0, length) switch
        {
            [Version2, ..] rest when length > 1 + Version2Salt => new("SHA1", Version2Iterations, rest.Slice(1, Version2Salt), rest[(1 + Version2Salt)..]),
            [Version3, ..] rest when length > Version3Header => OfVersion3(rest),
            _ => null,
        };
    }

    // The format marker, then PRF, iterations and length of the salt as 32 bits each, big-endian.
    private static PasswordDigest? OfVersion3(ReadOnlySpan<byte> stored)
    {
        var iterations = BinaryPrimitives.ReadInt32BigEndian(stored[5..]);
        var salt = BinaryPrimitives.ReadInt32BigEndian(stored[9..]);
        var prf = BinaryPrimitives.ReadUInt32BigEndian(stored[1..]) switch { 0 => "SHA1", 1 => "SHA256", 2 => "SHA512", _ => null };
        return prf is null || iterations < 1 || salt < 0 || salt >= stored.Length - Version3Header ? null
            : new(prf, iterations, stored.Slice(Version3Header, salt), stored[(Version3Header + salt)..]);
    }
}
