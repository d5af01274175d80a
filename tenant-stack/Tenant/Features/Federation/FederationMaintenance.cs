using IoTPlatform.Database;
using IoTPlatform.Keycloak;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Bridge;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Federation;

/// <summary>Keeps <c>cdm-provider</c> as it should be, from every start on; a Keycloak that is down keeps no device waiting.</summary>
internal sealed partial class FederationMaintenance(TenantOptions options, JoinedTenant tenant, JoinFiles join, RealmMarker marker, SecretStore<TenantDbContext> secrets, ILogger<FederationMaintenance> logger) : IMaintenanceTask
{
    public string Name => "federation";

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        if (options.KeycloakUrl is not { } url)
        {
            return false;
        }

        var issuer = TenantKeycloak.Issuer(options, url, tenant.TenantId);
        if (!marker.IsSetUp(issuer.Issuer) || join.ReadBundle() is not { } bundle || ProviderAccess.Of(options, bundle) is not { } access)
        {
            return false;
        }

        using var http = new KeycloakHttp(issuer);
        var changes = await new ProviderIdentity(http, new KeycloakRealm(issuer), secrets).ReconcileAsync(access, cancellationToken);
        if (changes is null)
        {
            marker.Forget();
            throw new InvalidOperationException(
                $"Keycloak refuses the account {TenantKeycloak.Keeper} of realm {tenant.TenantId}. Start once with {TenantSettings.KeycloakAdminPassword} to set the realm up again.");
        }

        foreach (var change in changes)
        {
            Changed(change);
        }

        return changes.Count > 0;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Keycloak: {Change}")]
    private partial void Changed(string change);
}
