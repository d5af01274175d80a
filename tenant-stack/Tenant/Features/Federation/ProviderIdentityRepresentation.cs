using System.Text.Json.Nodes;
using IoTPlatform.Identity;
using IoTPlatform.Identity.Oidc.Login;

namespace IoTPlatform.Tenant.Features.Federation;

/// <summary>The identity provider <c>cdm-provider</c> and what its staff become here.</summary>
internal static class ProviderIdentityRepresentation
{
    /// <summary>Without the secret, which Keycloak never shows again.</summary>
    public static JsonObject Of(JsonObject metadata, string clientId)
    {
        var config = metadata.DeepClone().AsObject();
        foreach (var (name, value) in new[]
        {
            ("clientId", clientId), ("clientAuthMethod", "client_secret_post"), ("validateSignature", "true"), ("useJwksUrl", "true"),
            ("pkceEnabled", "true"), ("pkceMethod", "S256"), ("syncMode", "FORCE"), ("defaultScope", "openid profile email"),
        })
        {
            config[name] = value;
        }

        return new JsonObject
        {
            ["alias"] = TenantKeycloak.ProviderAlias,
            ["displayName"] = "Platform provider",
            ["providerId"] = "oidc",
            ["enabled"] = true,
            ["linkOnly"] = false,
            ["storeToken"] = false,
            ["trustEmail"] = false,
            ["firstBrokerLoginFlowAlias"] = TenantKeycloak.FirstLoginFlow,
            ["config"] = config,
        };
    }

    public static List<JsonObject> Mappers() =>
    [
        RoleMapper(PlatformRoles.Admin, Roles.Admin),
        RoleMapper(PlatformRoles.Operator, Roles.Viewer),
        // A guest never has the name of one of the tenant's own people.
        Mapper("username", "oidc-username-idp-mapper", new JsonObject { ["template"] = "${ALIAS}.${CLAIM.preferred_username}", ["target"] = "LOCAL" }),
    ];

    private static JsonObject RoleMapper(string platformRole, string role) => Mapper(
        platformRole, "oidc-role-idp-mapper", new JsonObject { ["claim"] = PlatformRoles.Claim, ["claim.value"] = platformRole, ["role"] = role });

    private static JsonObject Mapper(string name, string kind, JsonObject config)
    {
        config["syncMode"] = "FORCE";
        return new JsonObject { ["name"] = name, ["identityProviderAlias"] = TenantKeycloak.ProviderAlias, ["identityProviderMapper"] = kind, ["config"] = config };
    }
}
