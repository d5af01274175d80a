using System.Buffers.Text;
using System.Security.Cryptography;
using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.Identity.Portal;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Federation;

/// <summary>
/// Secrets of the platform's own clients in the tenant's realm: made on first use and stored before Keycloak hears of them, in the
/// database, encrypted under the data folder's key. A copy of either alone gives nothing away.
/// </summary>
internal sealed class RealmSecrets(IDbContextFactory<TenantDbContext> databases, IDataProtectionProvider protection, TimeProvider time)
{
    /// <summary>The client's secret: 256 random bits, base64url.</summary>
    public async Task<string> EnsureAsync(string clientId, CancellationToken cancellationToken)
    {
        var protector = protection.CreateProtector("tenant.realm_secrets", clientId);
        var (made, now) = (protector.Protect(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))), time.GetUtcNow());
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync($"INSERT INTO tenant.realm_secrets (client_id, ciphertext, created_at) VALUES ({clientId}, {made}, {now}) ON CONFLICT DO NOTHING", cancellationToken);
        // Whoever was first has won; both answer the same.
        return protector.Unprotect(await db.RealmSecrets.AsNoTracking().Where(s => s.ClientId == clientId).Select(s => s.Ciphertext).SingleAsync(cancellationToken));
    }
}

/// <summary>What the portal signs in to the identity provider with: the settings', where somebody else registered the client; else our own, chosen before the realm is set up.</summary>
internal sealed class PortalSecret(TenantOptions options, RealmSecrets secrets) : IClientSecret
{
    public async Task<string?> FindAsync(CancellationToken cancellationToken) => await EnsureAsync(cancellationToken);

    public async Task<string> EnsureAsync(CancellationToken cancellationToken) => options.PortalClientSecret ?? await secrets.EnsureAsync(PortalAddresses.ClientId, cancellationToken);
}
