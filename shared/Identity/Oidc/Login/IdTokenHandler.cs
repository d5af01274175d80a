using System.Security.Claims;
using IoTPlatform.Jose;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>ID tokens for the portal's client (OpenID Connect Core 1.0 section 3.1.3.7). Nonce and at_hash are for the library's <c>OpenIdConnectProtocolValidator</c>.</summary>
internal sealed class IdTokenHandler(OidcOptions options, OidcClient client, ISigningKeys keys, TimeProvider time)
    : IssuerTokenHandler(options, client.ClientId, ["iss", "aud", "exp", "iat", "sub"], keys, time)
{
    /// <summary>Keycloak's alias of the identity provider where the person's account is, when not at the issuer itself.</summary>
    public const string IdentityProviderClaim = "identity_provider";

    private const int MaxIdentityProvider = 64;

    protected override void RequireType(string? type)
    {
        if (type is not null && !type.Equals("JWT", StringComparison.OrdinalIgnoreCase))
        {
            throw new JoseException(JoseError.Malformed, "The ID token's \"typ\" is another kind of token's.");
        }
    }

    protected override ClaimsIdentity Identify(JwtClaims claims)
    {
        RequireIdToken(claims);
        RequireThisClient(claims);
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, claims.Subject!)], "OpenIdConnect");
        if (PlainName(claims.GetString(IdentityProviderClaim)) is { } provider)
        {
            identity.AddClaim(new Claim(IdentityProviderClaim, provider));
        }

        return identity;
    }

    // Keycloak says in a claim which of its tokens one is.
    private static void RequireIdToken(JwtClaims claims)
    {
        if (claims["typ"] is not null && claims.GetString("typ") is not "ID")
        {
            throw new JoseException(JoseError.Malformed, "The token is no ID token.");
        }
    }

    // Items 3 to 5: what was also made for others must say that it was made for this client.
    private void RequireThisClient(JwtClaims claims)
    {
        var party = claims.GetString("azp");
        if (party is null ? claims.Audience.Count > 1 : party != client.ClientId)
        {
            throw new JoseException(JoseError.BadAudience, "The ID token was made for another client.");
        }
    }

    // It goes into logs, the audit chain and a page.
    private static string? PlainName(string? name) =>
        name is { Length: > 0 and <= MaxIdentityProvider } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') ? name : null;
}
