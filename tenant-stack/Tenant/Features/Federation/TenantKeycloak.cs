using System.Text;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.Federation;

/// <summary>The names of what the platform keeps in a tenant's realm.</summary>
internal static class TenantKeycloak
{
    /// <summary>The provider's realm as an identity provider; part of the callback that the provider registered.</summary>
    public const string ProviderAlias = "cdm-provider";

    /// <summary>The service account that keeps that identity provider so, and may do nothing else.</summary>
    public const string Keeper = "iot-federation-keeper";

    public const string FirstLoginFlow = "iot-first-broker-login";

    /// <summary>The realm's issuer: one realm per tenant, under the tenant's id.</summary>
    public static OidcOptions Issuer(TenantOptions options, Uri keycloak, string tenantId)
    {
        var issuer = new OidcOptions { Issuer = $"{keycloak.AbsoluteUri.TrimEnd('/')}/realms/{tenantId}" };
        return options.Oidc is { } oidc ? oidc with { Issuer = issuer.Issuer } : issuer;
    }
}

/// <summary>Which realm has been set up from this data folder.</summary>
internal sealed class RealmMarker(DataFolder folder)
{
    private const string File = "keycloak-realm";

    /// <summary>Whether the realm of this issuer has been set up from here.</summary>
    public bool IsSetUp(string issuer) => folder.TryRead(File) is { } content && Encoding.UTF8.GetString(content) == issuer;

    public void SetUp(string issuer) => folder.WriteSecret(File, Encoding.UTF8.GetBytes(issuer));

    /// <summary>The next boot with an administrator's password sets the realm up again.</summary>
    public void Forget() => folder.WriteSecret(File, []);
}
