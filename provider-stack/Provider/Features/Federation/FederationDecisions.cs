using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Federation;

/// <summary>What becomes of client secrets when a JOIN is confirmed or taken back, in the transaction that decides it. The identity provider follows.</summary>
internal static class FederationDecisions
{
    /// <summary>The secret of a JOIN that replaces another one is the tenant's from now on; what the earlier one was given is worth nothing.</summary>
    public static async Task ConfirmAsync(ProviderDb db, JoinRow join, DateTimeOffset now, CancellationToken cancellationToken)
    {
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

    /// <summary>What the bundle of the JOIN carried is worth nothing. An earlier JOIN that stands keeps its own, which that bundle did not have.</summary>
    public static async Task TakeBackAsync(ProviderDb db, string tenantId, Guid joinId, bool fallsBack, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await db.Database.ExecuteSqlAsync($"DELETE FROM provider.join_secrets WHERE join_id = {joinId}", cancellationToken);
        if (!fallsBack)
        {
            await DueAsync(db, tenantId, now, cancellationToken);
        }
    }

    private static Task DueAsync(ProviderDb db, string tenantId, DateTimeOffset now, CancellationToken cancellationToken) =>
        db.Tenants.Where(t => t.TenantId == tenantId).ExecuteUpdateAsync(s => s.SetProperty(t => t.FederationDueAt, now), cancellationToken);
}
