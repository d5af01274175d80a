using IoTPlatform.Identity.Oidc;
using IoTPlatform.Tenant.Configuration;

namespace IoTPlatform.Tenant.Features.Identity;

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
