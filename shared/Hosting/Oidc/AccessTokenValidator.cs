using IoTPlatform.Jose;

namespace IoTPlatform.Hosting.Oidc;

/// <summary>JWT access tokens of one issuer (RFC 9068 section 4, RFC 8725).</summary>
internal sealed class AccessTokenValidator(OidcOptions options, IssuerSignatures signatures, TimeProvider time)
{
    private readonly JwtPolicy _policy = new()
    {
        Issuer = options.Issuer,
        Audiences = [options.Audience],
        ClockSkew = TimeSpan.FromSeconds(60),
        RequiredClaims = ["iss", "aud", "exp", "sub"],
    };

    /// <summary>A token that opens something: with one at least of the platform's roles. Throws as <see cref="IdentifyAsync"/> does.</summary>
    public async ValueTask<AccessToken> ValidateAsync(string token, CancellationToken cancellationToken) =>
        await IdentifyAsync(token, cancellationToken) is { Roles.Count: > 0 } accepted
            ? accepted
            : throw new JoseException(JoseError.MissingClaim, "The token's realm_access.roles has none of the platform's roles.");

    /// <summary>Whose token it is, perhaps without a role here. Throws <see cref="JoseException"/> with the reason, for the log only, or 503 while the issuer's keys can't be had.</summary>
    public async ValueTask<AccessToken> IdentifyAsync(string token, CancellationToken cancellationToken)
    {
        var jws = CompactJws.Parse(token);
        RequireTokenType(jws.Header.Type);
        var claims = await signatures.VerifyAsync(jws, cancellationToken);
        _policy.Check(claims, time.GetUtcNow());
        RequireBearer(claims);
        return AccessToken.Of(claims);
    }

    // RFC 8725 section 3.11: a JWT made for another purpose (a logout token, a security event) is none of ours.
    private static void RequireTokenType(string? type)
    {
        if (type is not null && !type.Equals("JWT", StringComparison.OrdinalIgnoreCase)
            && !type.Equals("at+jwt", StringComparison.OrdinalIgnoreCase) && !type.Equals("application/at+jwt", StringComparison.OrdinalIgnoreCase))
        {
            throw new JoseException(JoseError.Malformed, "The token's \"typ\" is not an access token's.");
        }
    }

    private static void RequireBearer(JwtClaims claims)
    {
        // Keycloak's ID and refresh tokens say so in a claim.
        if (claims["typ"] is not null && claims.GetString("typ") is not "Bearer")
        {
            throw new JoseException(JoseError.Malformed, "The token is not a bearer access token.");
        }

        // RFC 7800: whoever sends such a token has to prove a key, which nobody does here.
        if (claims["cnf"] is not null)
        {
            throw new JoseException(JoseError.Malformed, "The token is bound to a key.");
        }
    }
}
