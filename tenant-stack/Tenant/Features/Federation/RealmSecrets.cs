using IoTPlatform.Database;
using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.Identity.Portal;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Federation;

/// <summary>Secrets of the platform's own clients in the tenant's realm.</summary>
internal static class RealmSecrets
{
    public static SecretStore<TenantDbContext> Create(IDbContextFactory<TenantDbContext> databases, IDataProtectionProvider protection, TimeProvider time) =>
        new(databases, TenantDbContext.RealmSecretsTable, "tenant.realm_secrets", protection, time);
}

/// <summary>The portal's client secret at the identity provider: from the settings if the client was registered manually; else generated before the realm is set up.</summary>
internal sealed class PortalSecret(TenantOptions options, SecretStore<TenantDbContext> secrets) : IClientSecret
{
    public async Task<string?> FindAsync(CancellationToken cancellationToken) => await EnsureAsync(cancellationToken);

    public async Task<string> EnsureAsync(CancellationToken cancellationToken) => options.PortalClientSecret ?? await secrets.EnsureAsync(PortalAddresses.ClientId, cancellationToken);
}
