using IoTPlatform.Database;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;

namespace IoTPlatform.Identity.Data;

/// <summary>Schema <c>accounts</c>: local accounts, and who is signed in. The SQL files of shared/Database make it.</summary>
internal sealed class AccountsDb(DbContextOptions<AccountsDb> options) : DbContext(options)
{
    public DbSet<AccountRow> Accounts => Set<AccountRow>();

    public DbSet<SessionRow> Sessions => Set<SessionRow>();

    public DbSet<InvitationRow> Invitations => Set<InvitationRow>();

    public DbSet<KnownAddressRow> KnownAddresses => Set<KnownAddressRow>();

    public DbSet<AuthenticatorRow> Authenticators => Set<AuthenticatorRow>();

    public DbSet<RecoveryCodeRow> RecoveryCodes => Set<RecoveryCodeRow>();

    public DbSet<PasskeyRow> Passkeys => Set<PasskeyRow>();

    public DbSet<SessionClientRow> SessionClients => Set<SessionClientRow>();

    public DbSet<OidcSessionRow> OidcSessions => Set<OidcSessionRow>();

    public DbSet<UsedLoginRow> UsedLogins => Set<UsedLoginRow>();

    public static IDbContextFactory<AccountsDb> CreateFactory(NpgsqlDataSource database) =>
        new PooledDbContextFactory<AccountsDb>(new DbContextOptionsBuilder<AccountsDb>().UseNpgsql(database).Options);

    protected override void OnModelCreating(ModelBuilder model)
    {
        model.HasDefaultSchema("accounts");
        model.Entity<AccountRow>().ToTable("accounts").HasKey(a => a.Id);
        model.Entity<SessionRow>().ToTable("sessions").HasKey(s => s.TokenHash);
        model.Entity<InvitationRow>().ToTable("invitations").HasKey(i => i.Account);
        model.Entity<KnownAddressRow>().ToTable("known_addresses").HasKey(a => new { a.Account, a.Address });
        model.Entity<AuthenticatorRow>().ToTable("authenticators").HasKey(a => a.Account);
        model.Entity<RecoveryCodeRow>().ToTable("recovery_codes").HasKey(c => new { c.Account, c.CodeHash });
        model.Entity<PasskeyRow>().ToTable("passkeys").HasKey(p => p.CredentialId);
        model.Entity<SessionClientRow>().ToTable("session_clients").HasKey(c => new { c.TokenHash, c.ClientId });
        model.Entity<OidcSessionRow>().ToTable("oidc_sessions").HasKey(s => s.TokenHash);
        model.Entity<UsedLoginRow>().ToTable("oidc_used_logins").HasKey(l => l.StateHash);
        model.NameColumnsInSnakeCase();
    }
}

/// <summary>A class, as the others here: a record would print the hash.</summary>
internal sealed class AccountRow
{
    public long Id { get; init; }

    public required string Username { get; init; }

    /// <summary>Null: its person has not chosen a password yet.</summary>
    public required string? PasswordHash { get; init; }

    public required string[] Roles { get; init; }

    /// <summary>What the person is called to other servers.</summary>
    public required Guid Subject { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? DisabledAt { get; init; }
}

internal sealed class InvitationRow
{
    public required long Account { get; init; }

    public required byte[] TokenHash { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
}

internal sealed class SessionRow
{
    public required byte[] TokenHash { get; init; }

    public required long Account { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>One of <see cref="SignInMethod"/>.</summary>
    public required string Method { get; init; }

    /// <summary>From where it was opened; null: by an earlier version.</summary>
    public required string? Address { get; init; }

    /// <summary>Until then its person counts as asked again just now.</summary>
    public DateTimeOffset? ConfirmedUntil { get; init; }
}

internal sealed class SessionClientRow
{
    public required byte[] TokenHash { get; init; }

    public required string ClientId { get; init; }

    public required DateTimeOffset FirstUsed { get; init; }
}

/// <summary>An account's TOTP secret.</summary>
internal sealed class AuthenticatorRow
{
    public required long Account { get; init; }

    public required string Ciphertext { get; init; }

    public required long LastStep { get; init; }

    public required DateTimeOffset AddedAt { get; init; }
}

internal sealed class RecoveryCodeRow
{
    public required long Account { get; init; }

    public required byte[] CodeHash { get; init; }
}

/// <summary>A WebAuthn credential: its public key.</summary>
internal sealed class PasskeyRow
{
    public required byte[] CredentialId { get; init; }

    public required long Account { get; init; }

    /// <summary>What its person calls it.</summary>
    public required string Name { get; init; }

    /// <summary>COSE (RFC 9052).</summary>
    public required byte[] PublicKey { get; init; }

    public required long SignCount { get; init; }

    public required string[] Transports { get; init; }

    public required bool BackupEligible { get; init; }

    public required bool BackedUp { get; init; }

    public required DateTimeOffset AddedAt { get; init; }

    public DateTimeOffset? LastUsed { get; init; }
}

internal sealed class KnownAddressRow
{
    public required long Account { get; init; }

    public required string Address { get; init; }

    public required DateTimeOffset LastLogin { get; init; }
}

internal sealed class OidcSessionRow
{
    public required byte[] TokenHash { get; init; }

    public required string Issuer { get; init; }

    public required string Subject { get; init; }

    public required string Name { get; init; }

    public string? IdentityProvider { get; init; }

    public required string[] Roles { get; init; }

    public required string Ciphertext { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset RefreshAt { get; init; }

    public required DateTimeOffset ValidUntil { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
}

internal sealed class UsedLoginRow
{
    public required byte[] StateHash { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
}
