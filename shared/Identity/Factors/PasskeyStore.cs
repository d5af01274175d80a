using System.Globalization;
using IoTPlatform.Identity.Data;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Identity.Factors;

/// <summary>Accounts and passkeys as ASP.NET Core Identity's ceremonies ask for them. They only read: what a ceremony proves is written by <see cref="OwnAccount"/> and <see cref="UseAsync"/>.</summary>
internal sealed class PasskeyStore(IDbContextFactory<AccountsDb> contexts, AccountStore accounts, TimeProvider time) : IUserPasskeyStore<Account>
{
    public static string IdOf(Guid subject) => subject.ToString("D", CultureInfo.InvariantCulture);

    /// <summary>False: a use with a later count came first, so one of the two is a copy.</summary>
    public async Task<bool> UseAsync(Account account, UserPasskeyInfo passkey, CancellationToken cancellationToken)
    {
        var (now, count) = (time.GetUtcNow(), (long)passkey.SignCount);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        // Authenticators that count nothing always say 0 (WebAuthn section 6.1.1).
        return await db.Passkeys.Where(p => p.CredentialId == passkey.CredentialId && p.Account == account.Id && (p.SignCount < count || (p.SignCount == 0 && count == 0)))
            .ExecuteUpdateAsync(s => s.SetProperty(p => p.SignCount, count).SetProperty(p => p.BackedUp, passkey.IsBackedUp).SetProperty(p => p.LastUsed, now), cancellationToken) == 1;
    }

    public Task<string> GetUserIdAsync(Account user, CancellationToken cancellationToken) => Task.FromResult(IdOf(user.Subject));

    public Task<string?> GetUserNameAsync(Account user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.Username);

    public async Task<Account?> FindByIdAsync(string userId, CancellationToken cancellationToken) => Guid.TryParseExact(userId, "D", out var subject) ? await accounts.FindAsync(subject, cancellationToken) : null;

    public async Task<Account?> FindByPasskeyIdAsync(byte[] credentialId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var subject = await (from passkey in db.Passkeys where passkey.CredentialId == credentialId join account in db.Accounts on passkey.Account equals account.Id select (Guid?)account.Subject).SingleOrDefaultAsync(cancellationToken);
        return subject is { } found ? await accounts.FindAsync(found, cancellationToken) : null;
    }

    public async Task<IList<UserPasskeyInfo>> GetPasskeysAsync(Account user, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return [.. (await db.Passkeys.AsNoTracking().Where(p => p.Account == user.Id).OrderBy(p => p.AddedAt).ToListAsync(cancellationToken)).Select(Info)];
    }

    public async Task<UserPasskeyInfo?> FindPasskeyAsync(Account user, byte[] credentialId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.Passkeys.AsNoTracking().SingleOrDefaultAsync(p => p.CredentialId == credentialId && p.Account == user.Id, cancellationToken) is { } row ? Info(row) : null;
    }

    public void Dispose()
    {
    }

    // Accounts are made, named and removed elsewhere; no ceremony asks for it.
    public Task AddOrUpdatePasskeyAsync(Account user, UserPasskeyInfo passkey, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task RemovePasskeyAsync(Account user, byte[] credentialId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<Account?> FindByNameAsync(string normalizedUserName, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task SetUserNameAsync(Account user, string? userName, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<string?> GetNormalizedUserNameAsync(Account user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task SetNormalizedUserNameAsync(Account user, string? normalizedName, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IdentityResult> CreateAsync(Account user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IdentityResult> UpdateAsync(Account user, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IdentityResult> DeleteAsync(Account user, CancellationToken cancellationToken) => throw new NotSupportedException();

    // Attestation and client data are not kept: none was asked for.
    private static UserPasskeyInfo Info(PasskeyRow row) => new(
        row.CredentialId, row.PublicKey, row.AddedAt, (uint)row.SignCount, row.Transports, isUserVerified: true, row.BackupEligible, row.BackedUp, attestationObject: [], clientDataJson: []);
}
