using System.Buffers.Text;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.JsonWebTokens;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>ID tokens for the portal's client (OpenID Connect Core 1.0 section 3.1.3.7).</summary>
internal sealed class IdTokenHandler(OidcOptions options, OidcClient client, SigningKeyCache keys, TimeProvider time)
    : IssuerTokenHandler(options, client.ClientId, ["iss", "aud", "exp", "iat", "sub"], keys, time)
{
    /// <summary>Keycloak's alias of the identity provider where the person's account is, when not at the issuer itself.</summary>
    public const string IdentityProviderClaim = "identity_provider";

    private const int MaxIdentityProvider = 64;

    /// <summary>Throws <see cref="JoseException"/> with the reason, or 503 while the issuer's keys can't be had.</summary>
    /// <param name="token">As it came.</param>
    /// <param name="nonce">What the login sent; null at a refresh (section 12.2).</param>
    /// <param name="accessToken">What came beside it.</param>
    public async Task<ClaimsIdentity> ValidateAsync(string token, string? nonce, string accessToken)
    {
        var result = await RequireAsync(token);
        var jwt = (JsonWebToken)result.SecurityToken;
        if (nonce is not null && !(jwt.TryGetPayloadValue("nonce", out string? named) && FixedTimeEquals(named, nonce)))
        {
            throw new JoseException(JoseError.Malformed, "The ID token's nonce is not this login's.");
        }

        if (jwt.TryGetPayloadValue("at_hash", out string? hash) && !FixedTimeEquals(hash, HashOf(accessToken, jwt.Alg)))
        {
            throw new JoseException(JoseError.Malformed, "The ID token belongs to another access token.");
        }

        return result.ClaimsIdentity;
    }

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

    // Section 3.1.3.6: the left half of the hash that the signature's algorithm uses.
    private static string HashOf(string accessToken, string algorithm)
    {
        var hash = CryptographicOperations.HashData(new HashAlgorithmName("SHA" + algorithm[^3..]), Encoding.ASCII.GetBytes(accessToken));
        return Base64Url.EncodeToString(hash.AsSpan(0, hash.Length / 2));
    }

    private static bool FixedTimeEquals(string? actual, string expected) =>
        actual is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(actual), Encoding.UTF8.GetBytes(expected));

    // It goes into logs, the audit chain and a page.
    private static string? PlainName(string? name) =>
        name is { Length: > 0 and <= MaxIdentityProvider } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-') ? name : null;
}
