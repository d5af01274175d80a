using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Keycloak;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Federation;

/// <summary>The tenant's realm has been set up, where the tenant has a Keycloak and gave an administrator's password. Later boots need neither.</summary>
internal sealed class TenantRealmCheck(TenantOptions options, JoinFiles join, RealmMarker marker, SecretStore<TenantDbContext> secrets) : IFirstBootCheck
{
    public string Name => "keycloak-realm";

    public Task<string?> InspectAsync(CancellationToken cancellationToken) => Task.FromResult(
        options is { KeycloakUrl: { } url, KeycloakAdminPassword: not null } && !marker.IsSetUp(TenantKeycloak.Issuer(options, url, TenantId).Issuer)
            ? "the tenant's realm has not been set up"
            : null);

    public async Task FixAsync(CancellationToken cancellationToken)
    {
        var issuer = TenantKeycloak.Issuer(options, options.KeycloakUrl!, TenantId);
        using var http = new KeycloakHttp(issuer);
        try
        {
            await new TenantRealmSetup(http, new KeycloakRealm(issuer), secrets, options).EnsureAsync(options.KeycloakAdmin, options.KeycloakAdminPassword!, cancellationToken);
        }
        catch (ProblemException e) when (e.Status >= 500)
        {
            throw new ProviderBusyException($"Keycloak at {options.KeycloakUrl} does not answer", e.RetryAfter, e);
        }
        catch (ProblemException e)
        {
            throw new StartupException($"{TenantSettings.KeycloakAdminPassword}, {TenantSettings.KeycloakAdmin}: {e.Message} ({options.KeycloakUrl}, {options.KeycloakAdmin})", inner: e);
        }

        marker.SetUp(issuer.Issuer);
    }

    private string TenantId => join.ReadBundle()!.TenantId;
}
