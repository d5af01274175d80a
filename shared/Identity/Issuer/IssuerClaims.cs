using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Identity.Oidc.Login;
using OpenIddict.Abstractions;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace IoTPlatform.Identity.Issuer;

/// <summary>What tokens say of a person, in Keycloak's words: a resource server or a tenant's realm can't tell the two apart.</summary>
internal static class IssuerClaims
{
    /// <summary><c>{"roles":[…]}</c>: the roles at this stack.</summary>
    public const string RealmAccess = "realm_access";

    /// <summary>The session that a code or a refresh token came from; in no token that leaves the issuer readable.</summary>
    private const string Session = "iot_session";

    /// <summary>What an administrator of the provider is at its tenants, and an operator.</summary>
    public static string[] PlatformRolesOf(IEnumerable<string> roles) => [.. roles.Select(role => role switch
    {
        Roles.Admin => PlatformRoles.Admin,
        Roles.Operator => PlatformRoles.Operator,
        _ => null,
    }).OfType<string>()];

    /// <param name="account">Who has signed in.</param>
    /// <param name="scopes">Granted.</param>
    /// <param name="client">That they are for.</param>
    public static ClaimsPrincipal Principal(SignedInAccount account, IEnumerable<string> scopes, IssuerClient client)
    {
        var identity = new ClaimsIdentity("issuer", Claims.PreferredUsername, Claims.Role);
        identity.SetClaim(Claims.Subject, IssuerSessions.SubjectOf(account))
            .SetClaim(Claims.PreferredUsername, account.Username)
            .SetClaim(Claims.AuthenticationTime, account.Since.ToUnixTimeSeconds())
            .SetClaim(Session, Convert.ToHexStringLower(account.SessionHash));
        var principal = new ClaimsPrincipal(identity);
        // As Keycloak: a client that may refresh gets the token for it without asking.
        principal.SetScopes(client.IsForCertificates ? scopes : scopes.Append(Scopes.OfflineAccess).Distinct(StringComparer.Ordinal));
        if (client.IsForCertificates)
        {
            identity.AddClaim(new Claim(StepClient.Groups, Json(new JsonArray([.. account.Roles.Select(role => (JsonNode)role)])), "JSON_ARRAY"));
            if (principal.HasScope(Scopes.Email) && StepClient.AddressOf(account.Username) is { } address)
            {
                identity.SetClaim(Claims.Email, address).SetClaim(Claims.EmailVerified, true);
            }
        }
        else if (client.IsFederation)
        {
            identity.AddClaim(new Claim(PlatformRoles.Claim, Json(new JsonArray([.. PlatformRolesOf(account.Roles).Select(role => (JsonNode)role)])), "JSON_ARRAY"));
        }
        else if (principal.HasScope(IssuerScopes.Api))
        {
            identity.AddClaim(RolesClaim(account.Roles));
            principal.SetAudiences(Oidc.OidcOptions.DefaultAudience);
        }

        principal.SetDestinations(claim => DestinationsOf(claim.Type));
        return principal;
    }

    /// <summary>Of a program, for this stack's API. It has no session: it asks again instead of refreshing.</summary>
    public static ClaimsPrincipal Principal(ServiceAccount account)
    {
        var identity = new ClaimsIdentity("issuer", Claims.PreferredUsername, Claims.Role);
        identity.SetClaim(Claims.Subject, account.Id).SetClaim(Claims.PreferredUsername, account.Name);
        identity.AddClaim(RolesClaim(account.View.Roles));
        var principal = new ClaimsPrincipal(identity);
        principal.SetScopes(IssuerScopes.Api);
        principal.SetAudiences(Oidc.OidcOptions.DefaultAudience);
        principal.SetDestinations(claim => DestinationsOf(claim.Type));
        return principal;
    }

    /// <summary>Null: the token was not made for a session.</summary>
    public static byte[]? SessionOf(ClaimsPrincipal principal) => principal.GetClaim(Session) is { } session ? Convert.FromHexString(session) : null;

    private static string[] DestinationsOf(string claim) => claim switch
    {
        Claims.Subject or Claims.PreferredUsername => [Destinations.AccessToken, Destinations.IdentityToken],
        RealmAccess => [Destinations.AccessToken],
        PlatformRoles.Claim or Claims.AuthenticationTime or Claims.Email or Claims.EmailVerified or StepClient.Groups => [Destinations.IdentityToken],
        _ => [],
    };

    private static Claim RolesClaim(IEnumerable<string> roles) =>
        new(RealmAccess, Json(new JsonObject { ["roles"] = new JsonArray([.. roles.Select(role => (JsonNode)role)]) }), "JSON");

    private static string Json(JsonNode node) => node.ToJsonString(JsonSerializerOptions.Default);
}
