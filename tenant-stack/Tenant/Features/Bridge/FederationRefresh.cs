using IoTPlatform.Client;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Database;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Bridge;

/// <summary>
/// Asks the provider, over mTLS with the bridge certificate, for the credentials of its identity provider: a secret that was replaced there gets here by
/// itself. A tenant without Keycloak says at the same time where its portal is, to which the provider's staff comes back.
/// </summary>
internal sealed class FederationRefresh(TenantOptions options, JoinFiles files, BundleFiles bundleFiles, ProviderLink provider, AuditLog audit) : IMaintenanceTask
{
    public string Name => "federation-credentials";

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var bundle = files.ReadBundle() ?? throw new InvalidOperationException($"{files.Bundle} is missing or damaged.");
        if (await FetchAsync(bundle, cancellationToken) is not { } federation || IsSame(bundle, federation))
        {
            return false;
        }

        bundleFiles.Replace(bundle, now => now.WithFederation(federation));
        await audit.AppendAsync(new AuditEntry("system", "federation.credentials_replaced", bundle.TenantId), cancellationToken);
        return true;
    }

    /// <summary>Null: the provider has no identity provider. What the bundle has from before stays.</summary>
    private async Task<FederationCredentials?> FetchAsync(JoinBundle bundle, CancellationToken cancellationToken)
    {
        using var identity = files.ReadBridgeIdentity(bundle);
        return await provider.CallAsync(async client =>
        {
            try
            {
                return options.KeycloakUrl is null
                    ? await client.MovePortalAsync(bundle.TenantId, options.PublicUrl, options.KeycloakGivenUp, cancellationToken)
                    : await client.GetFederationAsync(bundle.TenantId, cancellationToken);
            }
            catch (ApiException e) when (e.Code == FederationCredentials.NoIdentityProvider || e is { Status: 404, Code: "not_found" }) // a provider of a version before
            {
                return null;
            }
        }, identity);
    }

    private static bool IsSame(JoinBundle bundle, FederationCredentials federation) =>
        (bundle.CdmIdpClientId, bundle.CdmIdpClientSecret, bundle.CdmDiscoveryUrl) == (federation.CdmIdpClientId, federation.CdmIdpClientSecret, federation.CdmDiscoveryUrl);
}

/// <summary>Restores bundle files that were changed or deleted.</summary>
internal sealed class BundleDrift(BundleFiles files) : IMaintenanceTask
{
    public string Name => "bundle-files";

    public Task<bool> RunAsync(CancellationToken cancellationToken) => Task.FromResult(files.WriteStale() > 0);
}
