using System.Security.Claims;
using IoTPlatform.Jose;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>Who a person is here, with which roles, and until when that is so without asking again.</summary>
internal sealed record GrantedAccess
{
    /// <summary>As in the audit log: <c>oidc:…</c>.</summary>
    public required string Name { get; init; }

    public required IReadOnlyList<string> Roles { get; init; }

    public required DateTimeOffset Expires { get; init; }

    /// <summary>Where the account is, when the tokens don't say.</summary>
    public string? IdentityProvider { get; init; }
}

/// <summary>What the tokens of a login grant at this host.</summary>
internal interface IGrantedAccess
{
    /// <summary>Throws <see cref="JoseException"/> for tokens that are not this login's, 503 without the issuer's keys.</summary>
    /// <param name="idToken">Null: a refresh brought none.</param>
    /// <param name="accessToken">Of the same answer.</param>
    /// <param name="subject">Whose they must be.</param>
    Task<GrantedAccess> OfAsync(string? idToken, string accessToken, string subject);
}

/// <summary>At the host's own identity provider: the access token, which is for this API.</summary>
internal sealed class ApiAccess(AccessTokenHandler accessTokens) : IGrantedAccess
{
    public async Task<GrantedAccess> OfAsync(string? idToken, string accessToken, string subject)
    {
        var token = await accessTokens.RequireAsync(accessToken);
        var identity = token.ClaimsIdentity;
        return identity.HasClaim(ClaimTypes.NameIdentifier, subject)
            ? new GrantedAccess { Name = identity.Name!, Roles = [.. identity.FindAll(ClaimTypes.Role).Select(role => role.Value)], Expires = token.SecurityToken.ValidTo }
            : throw new JoseException(JoseError.Malformed, "The access token is another person's than the ID token.");
    }
}

/// <summary>
/// At the platform provider's, whose access token opens nothing here and is not looked at: the ID token's platform roles. The name is the provider's,
/// behind a prefix that no account of this host has, so nobody becomes another by being called so.
/// </summary>
internal sealed class PlatformAccess(IdTokenHandler idTokens) : IGrantedAccess
{
    /// <summary>What the provider is called at a tenant, as in a tenant's Keycloak.</summary>
    private const string Alias = "cdm-provider";

    public async Task<GrantedAccess> OfAsync(string? idToken, string accessToken, string subject)
    {
        var token = await idTokens.RequireAsync(idToken ?? throw new JoseException(JoseError.MissingClaim, "There is no ID token."));
        var claims = JwtClaims.Parse(CompactJws.Parse(idToken).Payload);
        return claims.Subject == subject
            ? new GrantedAccess { Name = $"oidc:{Alias}.{AccessTokenHandler.NameOf(claims)}", Roles = PlatformRoles.Of(claims), Expires = token.SecurityToken.ValidTo, IdentityProvider = Alias }
            : throw new JoseException(JoseError.Malformed, "The ID token is another person's.");
    }
}
