using IoTPlatform.Database;
using IoTPlatform.Provider.Data;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Federation;

/// <summary>Each tenant's client secret, and the one that a JOIN or an operator has chosen to take its place. Callers that change one hold the tenant's lock.</summary>
internal sealed class FederationSecrets(IDbContextFactory<ProviderDb> contexts, IDataProtectionProvider protection, TimeProvider time)
{
    private readonly SecretStore<ProviderDb> _secrets = new(contexts, ProviderDb.FederationSecretsTable, "provider.federation_secrets", protection, time);

    /// <summary>The tenant's secret, made on first use.</summary>
    public Task<string> EnsureAsync(string tenantId, CancellationToken cancellationToken) => _secrets.EnsureAsync(tenantId, cancellationToken);

    public Task<string?> FindAsync(string tenantId, CancellationToken cancellationToken) => _secrets.FindAsync(tenantId, cancellationToken);

    public Task ForgetAsync(string tenantId, CancellationToken cancellationToken) => _secrets.ForgetAsync(tenantId, cancellationToken);

    /// <summary>The secret that the bundle of a JOIN carries: its own where it is to replace another JOIN, else the tenant's. Null: none was chosen.</summary>
    public async Task<string?> OfJoinAsync(string tenantId, Guid joinId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        return await db.JoinSecrets.Where(s => s.JoinId == joinId).Select(s => s.Ciphertext).SingleOrDefaultAsync(cancellationToken) is { } ciphertext
            ? _secrets.Unprotect(tenantId, ciphertext)
            : await FindAsync(tenantId, cancellationToken);
    }

    /// <summary>Chooses the secret of a JOIN that is to replace another one, once. The tenant keeps its own until then.</summary>
    public async Task EnsureOfJoinAsync(string tenantId, Guid joinId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        if (!await db.JoinSecrets.AnyAsync(s => s.JoinId == joinId, cancellationToken))
        {
            db.JoinSecrets.Add(new JoinSecretRow { JoinId = joinId, Ciphertext = NewCiphertext(tenantId), CreatedAt = time.GetUtcNow() });
            await db.SaveChangesAsync(cancellationToken);
        }
    }

    /// <summary>The secret that is to replace the tenant's, made on first use and the same until <see cref="PromoteNextAsync"/>.</summary>
    public async Task<string> PrepareNextAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await db.FederationSecrets.SingleOrDefaultAsync(s => s.Key == tenantId, cancellationToken)
            ?? throw new InvalidOperationException($"Tenant {tenantId} has no federation secret to replace.");
        row.NextCiphertext ??= NewCiphertext(tenantId);
        await db.SaveChangesAsync(cancellationToken);
        return _secrets.Unprotect(tenantId, row.NextCiphertext);
    }

    public async Task PromoteNextAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.FederationSecrets.Where(s => s.Key == tenantId && s.NextCiphertext != null).ExecuteUpdateAsync(
            s => s.SetProperty(x => x.Ciphertext, x => x.NextCiphertext!).SetProperty(x => x.NextCiphertext, (string?)null), cancellationToken);
    }

    private string NewCiphertext(string tenantId) => _secrets.Protect(tenantId, SecretStore<ProviderDb>.Create());
}
