using System.Text.Json.Nodes;
using IoTPlatform.Hosting.Keycloak;

namespace IoTPlatform.Provider.Features.Identity.Keycloak;

/// <summary>
/// A tenant's client, complete. Its tokens carry no role of the provider and none of the provider's audiences, not even that of the
/// account console: a tenant's Keycloak gets to see them, and a tenant is hostile.
/// </summary>
internal static class FederationRepresentation
{
    /// <summary>The tenants' realms read the platform roles from the ID token; the access token they get opens nothing.</summary>
    public static JsonObject Scope() => RealmRepresentation.Scope(PlatformClients.FederationScope, RealmRepresentation.RolesMapper(PlatformClients.PlatformRolesClaim, accessToken: false));

    public static JsonObject Of(FederationClient client) => new()
    {
        ["clientId"] = client.ClientId,
        ["name"] = $"Realm of tenant {client.TenantId}",
        ["secret"] = client.Secret,
        ["enabled"] = true,
        ["protocol"] = "openid-connect",
        ["clientAuthenticatorType"] = "client-secret",
        ["publicClient"] = false,
        ["bearerOnly"] = false,
        ["consentRequired"] = false,
        ["standardFlowEnabled"] = true,
        ["implicitFlowEnabled"] = false,
        ["directAccessGrantsEnabled"] = false,
        ["serviceAccountsEnabled"] = false,
        ["fullScopeAllowed"] = false,
        ["redirectUris"] = Representation.List(client.RedirectUri!.AbsoluteUri),
        ["webOrigins"] = new JsonArray(),
        ["protocolMappers"] = new JsonArray(),
        ["attributes"] = new JsonObject { ["pkce.code.challenge.method"] = "S256" },
        ["defaultClientScopes"] = Representation.List("basic", "profile", "email", PlatformClients.FederationScope),
        ["optionalClientScopes"] = new JsonArray(),
    };
}
