using System.Text.Json.Nodes;
using IoTPlatform.Identity.Portal;

namespace IoTPlatform.Keycloak;

/// <summary>What a stack of the platform wants of its realm and of its own clients there.</summary>
public static class RealmRepresentation
{
    public static JsonObject Realm(string name, string displayName) => new()
    {
        ["realm"] = name,
        ["enabled"] = true,
        ["displayName"] = displayName,
        ["sslRequired"] = "external",
        ["registrationAllowed"] = false,
        ["editUsernameAllowed"] = false, // the audit log names people
        ["bruteForceProtected"] = true,
        ["permanentLockout"] = false,
        ["failureFactor"] = 10,
        ["accessTokenLifespan"] = 300,
    };

    /// <summary>What makes a token valid for this API: the audience, and the staff's roles where the platform reads them. The portal's ID token names the identity provider of the login.</summary>
    public static JsonObject ApiScope(string audience) => Scope(
        audience,
        Mapper("audience", "oidc-audience-mapper", new JsonObject
        {
            ["included.client.audience"] = audience,
            ["access.token.claim"] = "true",
            ["id.token.claim"] = "false",
        }),
        RolesMapper("realm_access.roles", accessToken: true),
        Mapper("identity provider", "oidc-usersessionmodel-note-mapper", new JsonObject
        {
            ["user.session.note"] = "identity_provider",
            ["claim.name"] = "identity_provider",
            ["jsonType.label"] = "String",
            ["access.token.claim"] = "false",
            ["id.token.claim"] = "true",
        }));

    /// <summary>The API itself: a client without login, whose name is the audience.</summary>
    public static JsonObject Api(string audience)
    {
        var client = Client(audience, "IoT bridge API");
        client["bearerOnly"] = true;
        return client;
    }

    public static JsonObject Portal(string secret, Uri publicUrl, string audience)
    {
        var client = Client(PortalAddresses.ClientId, "Portal");
        client["secret"] = secret;
        client["standardFlowEnabled"] = true;
        client["redirectUris"] = Representation.List(PortalAddresses.Callback(publicUrl).AbsoluteUri);
        client["attributes"] = new JsonObject
        {
            ["pkce.code.challenge.method"] = "S256",
            ["post.logout.redirect.uris"] = PortalAddresses.Home(publicUrl).AbsoluteUri,
        };
        client["defaultClientScopes"] = Representation.List("basic", "profile", "email", audience);
        client["optionalClientScopes"] = new JsonArray();
        return client;
    }

    /// <summary>A service account; what it may do is granted to it.</summary>
    public static JsonObject ServiceAccount(string clientId, string name, string secret)
    {
        var client = Client(clientId, name);
        client["secret"] = secret;
        client["serviceAccountsEnabled"] = true;
        client["fullScopeAllowed"] = true; // what it is granted is to be in its token
        return client;
    }

    public static JsonObject Scope(string name, params JsonNode[] mappers) => new()
    {
        ["name"] = name,
        ["protocol"] = "openid-connect",
        ["attributes"] = new JsonObject { ["include.in.token.scope"] = "false", ["display.on.consent.screen"] = "false" },
        ["protocolMappers"] = new JsonArray(mappers),
    };

    /// <summary>Realm roles as a claim of the ID token, and perhaps of the access token.</summary>
    public static JsonObject RolesMapper(string claim, bool accessToken) => Mapper("roles", "oidc-usermodel-realm-role-mapper", new JsonObject
    {
        ["claim.name"] = claim,
        ["jsonType.label"] = "String",
        ["multivalued"] = "true",
        ["access.token.claim"] = accessToken ? "true" : "false",
        ["id.token.claim"] = "true",
        ["userinfo.token.claim"] = "true",
    });

    /// <summary>A confidential client that may do nothing yet: every flow is off.</summary>
    public static JsonObject Client(string clientId, string name) => new()
    {
        ["clientId"] = clientId,
        ["name"] = name,
        ["enabled"] = true,
        ["protocol"] = "openid-connect",
        ["clientAuthenticatorType"] = "client-secret",
        ["publicClient"] = false,
        ["bearerOnly"] = false,
        ["consentRequired"] = false,
        ["standardFlowEnabled"] = false,
        ["implicitFlowEnabled"] = false,
        ["directAccessGrantsEnabled"] = false,
        ["serviceAccountsEnabled"] = false,
        ["fullScopeAllowed"] = false,
        ["redirectUris"] = new JsonArray(),
        ["webOrigins"] = new JsonArray(),
    };

    private static JsonObject Mapper(string name, string kind, JsonObject config) => new()
    {
        ["name"] = name,
        ["protocol"] = "openid-connect",
        ["protocolMapper"] = kind,
        ["config"] = config,
    };
}
