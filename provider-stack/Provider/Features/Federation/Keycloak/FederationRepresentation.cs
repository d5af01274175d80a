using System.Text.Json.Nodes;
using IoTPlatform.Identity.Oidc.Login;
using IoTPlatform.Keycloak;

namespace IoTPlatform.Provider.Features.Federation.Keycloak;

/// <summary>
/// A tenant's client, complete. Its tokens carry no role of the provider and none of the provider's audiences, not even that of the
/// account console: a tenant's Keycloak gets to see them, and a tenant is hostile.
/// </summary>
internal static class FederationRepresentation
{
    /// <summary>The tenants' realms read the platform roles from the ID token; the access token they get opens nothing.</summary>
    public static JsonObject Scope() => RealmRepresentation.Scope(PlatformClients.FederationScope, RealmRepresentation.RolesMapper(PlatformRoles.Claim, accessToken: false));

    public static JsonObject Of(FederationClient client)
    {
        var representation = RealmRepresentation.Client(client.ClientId, $"Realm of tenant {client.TenantId}");
        representation["secret"] = client.Secret;
        representation["standardFlowEnabled"] = true;
        representation["redirectUris"] = Representation.List(client.RedirectUri!.AbsoluteUri);
        representation["protocolMappers"] = new JsonArray();
        representation["attributes"] = new JsonObject
        {
            ["pkce.code.challenge.method"] = "S256",
            ["post.logout.redirect.uris"] = client.PostLogoutRedirectUri!.AbsoluteUri,
        };
        representation["defaultClientScopes"] = Representation.List("basic", "profile", "email", PlatformClients.FederationScope);
        representation["optionalClientScopes"] = new JsonArray();
        return representation;
    }
}
