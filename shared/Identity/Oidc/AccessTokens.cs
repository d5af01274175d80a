using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Identity.Oidc;

/// <summary>Access tokens of several issuers. Whom a token says it is from chooses only whose rules and keys it is held against.</summary>
/// <param name="issuers">One each. A token that names none of them is the last one's to refuse.</param>
internal sealed class AccessTokens(IReadOnlyList<AccessTokenHandler> issuers) : TokenHandler
{
    public override Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
    {
        var issuer = issuers.Count == 1 ? issuers[0] : issuers.FirstOrDefault(candidate => candidate.Issuer == IssuerOf(token)) ?? issuers[^1];
        return issuer.ValidateTokenAsync(token, issuer.Parameters);
    }

    /// <summary>As it says itself; null: it can't be read, which its handler refuses with the reason.</summary>
    private static string? IssuerOf(string token)
    {
        try
        {
            return JwtClaims.Parse(CompactJws.Parse(token).Payload).GetString("iss");
        }
        catch (JoseException)
        {
            return null;
        }
    }
}
