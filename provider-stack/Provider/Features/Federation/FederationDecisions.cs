using IoTPlatform.Database;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Federation;

/// <summary>Updates client secrets when a JOIN is confirmed or taken back, in that transaction, under the tenant's lock. The identity provider is updated afterwards.</summary>
internal static class FederationDecisions
{
    /// <summary>The secret of a JOIN that replaces another one is the tenant's from now on; the secret of the earlier one is invalid.</summary>
    public static async Task ConfirmAsync(ProviderDb db, JoinRow join, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // SQL: a tenant that asks for its secret, without the lock, may store the first one at this moment.
        var promoted = await db.Database.ExecuteSqlAsync($"""
            WITH chosen AS (DELETE FROM provider.join_secrets WHERE join_id = {join.JoinId} RETURNING ciphertext)
            INSERT INTO provider.federation_secrets (tenant_id, ciphertext, created_at) SELECT {join.TenantId}, ciphertext, {now} FROM chosen
            ON CONFLICT (tenant_id) DO UPDATE SET ciphertext = excluded.ciphertext, next_ciphertext = NULL
            """, cancellationToken);
        if (promoted > 0)
        {
            await DueAsync(db, join.TenantId, now, cancellationToken);
        }
    }

    /// <summary>The secret in the JOIN's bundle is invalid. An earlier confirmed JOIN keeps its own, which that bundle did not have.</summary>
    public static async Task TakeBackAsync(ProviderDb db, string tenantId, Guid joinId, bool fallsBack, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await db.JoinSecrets.Where(s => s.JoinId == joinId).ExecuteDeleteAsync(cancellationToken);
        if (!fallsBack)
        {
            await DueAsync(db, tenantId, now, cancellationToken);
        }
    }

    /// <summary>The tenant is suspended or resumed. Of a JOIN that is not confirmed the client is the workflow's.</summary>
    public static Task SuspensionAsync(ProviderDb db, string tenantId, DateTimeOffset now, CancellationToken cancellationToken) =>
        db.Tenants.Where(t => t.TenantId == tenantId && db.Joins.Any(j => j.TenantId == tenantId && j.ConfirmedAt != null))
            .ExecuteUpdateAsync(s => s.SetProperty(t => t.FederationDueAt, now), cancellationToken);

    public static Task DueAsync(ProviderDb db, string tenantId, DateTimeOffset now, CancellationToken cancellationToken) =>
        db.Tenants.Where(t => t.TenantId == tenantId).ExecuteUpdateAsync(s => s.SetProperty(t => t.FederationDueAt, now), cancellationToken);
}
