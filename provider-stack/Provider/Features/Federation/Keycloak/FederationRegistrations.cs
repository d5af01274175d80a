using IoTPlatform.Provider.Data;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Federation.Keycloak;

/// <summary>Registration access tokens of the tenants' clients, encrypted under the data folder's key. Callers that give a tenant its client hold its lock.</summary>
internal sealed class FederationRegistrations(IDbContextFactory<ProviderDb> contexts, IDataProtectionProvider protection, TimeProvider time)
{
    public async Task<FederationRegistration?> FindAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await db.KeycloakRegistrations.AsNoTracking().SingleOrDefaultAsync(r => r.TenantId == tenantId, cancellationToken);
        return row is null ? null : new FederationRegistration(row.RedirectUri, row.Ciphertext is null ? null : Protector(tenantId).Unprotect(row.Ciphertext));
    }

    /// <summary>Before the client is asked for. What an earlier try intended stays: that may be what exists.</summary>
    public async Task IntendAsync(string tenantId, string redirectUri, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        // SQL, as below: setting the realm up again writes here without the tenant's lock.
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO provider.keycloak_registrations (tenant_id, redirect_uri, updated_at) VALUES ({tenantId}, {redirectUri}, {time.GetUtcNow()})
            ON CONFLICT (tenant_id) DO NOTHING
            """, cancellationToken);
    }

    public async Task StoreAsync(string tenantId, string redirectUri, string token, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"""
            INSERT INTO provider.keycloak_registrations (tenant_id, redirect_uri, ciphertext, updated_at)
            VALUES ({tenantId}, {redirectUri}, {Protector(tenantId).Protect(token)}, {time.GetUtcNow()})
            ON CONFLICT (tenant_id) DO UPDATE SET redirect_uri = excluded.redirect_uri, ciphertext = excluded.ciphertext, updated_at = excluded.updated_at
            """, cancellationToken);
    }

    /// <summary>The token opens nothing any more.</summary>
    public async Task ForgetTokenAsync(string tenantId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.KeycloakRegistrations.Where(r => r.TenantId == tenantId)
            .ExecuteUpdateAsync(s => s.SetProperty(r => r.Ciphertext, (string?)null).SetProperty(r => r.UpdatedAt, now), cancellationToken);
    }

    public async Task ForgetAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.KeycloakRegistrations.Where(r => r.TenantId == tenantId).ExecuteDeleteAsync(cancellationToken);
    }

    /// <summary>Tenants whose client may exist without the platform having its token.</summary>
    public async Task<IReadOnlyList<(string TenantId, string RedirectUri)>> WithoutTokenAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var rows = await db.KeycloakRegistrations.AsNoTracking().Where(r => r.Ciphertext == null).OrderBy(r => r.TenantId).ToListAsync(cancellationToken);
        return [.. rows.Select(r => (r.TenantId, r.RedirectUri))];
    }

    // The tenant is part of the purpose: a row moved to another tenant doesn't decrypt.
    private IDataProtector Protector(string tenantId) => protection.CreateProtector("provider.keycloak_registrations", tenantId);
}

/// <summary>What the platform knows of a tenant's client. A class, not a record: it carries a credential.</summary>
internal sealed class FederationRegistration(string redirectUri, string? token)
{
    /// <summary>With which the client was asked for.</summary>
    public string RedirectUri { get; } = redirectUri;

    /// <summary>The registration access token: reads, changes and deletes this one client. Null: not known.</summary>
    public string? Token { get; } = token;
}
