using System.Runtime.ExceptionServices;
using System.Security.Claims;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Identity.Oidc;

/// <summary>
/// One kind of token of the issuer's (RFC 8725). The library checks signature, issuer and audience; before it the strict reading of Jose, which
/// leaves a single way to read what the library reads again, and the one key that the token may be signed with.
/// </summary>
internal abstract class IssuerTokenHandler : JsonWebTokenHandler
{
    private readonly OidcOptions _options;
    private readonly ISigningKeys _keys;
    private readonly TimeProvider _time;
    private readonly JwtPolicy _policy;

    protected IssuerTokenHandler(OidcOptions options, string audience, IReadOnlyList<string> required, ISigningKeys keys, TimeProvider time)
    {
        (_options, _keys, _time) = (options, keys, time);
        _policy = new JwtPolicy { RequiredClaims = required, ClockSkew = TimeSpan.FromSeconds(60) };
        Parameters = new TokenValidationParameters
        {
            ValidAudience = audience,
            IgnoreTrailingSlashWhenValidatingAudience = false,
            TryAllIssuerSigningKeys = false,
            ValidateLifetime = false, // the policy does: the library takes no TimeProvider
        };
    }

    public TokenValidationParameters Parameters { get; }

    public string Issuer => _options.Issuer;

    /// <summary>Outside of ASP.NET's handlers. Throws <see cref="JoseException"/> with the reason, for the log only, or 503 while the issuer's keys can't be had.</summary>
    public async Task<TokenValidationResult> RequireAsync(string token)
    {
        var result = await ValidateTokenAsync(token, Parameters);
        if (!result.IsValid)
        {
            ExceptionDispatchInfo.Throw(result.Exception);
        }

        return result;
    }

    public override async Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
    {
        try
        {
            var jws = CompactJws.Parse(token);
            RequireType(jws.Header.Type);
            var claims = JwtClaims.Parse(jws.Payload);
            _policy.Check(claims, _time.GetUtcNow());
            var parameters = validationParameters.Clone();
            parameters.RequireSignedTokens = true; // ASP.NET's login asks for less
            (parameters.ValidIssuer, parameters.ValidIssuers) = (Issuer, []);
            parameters.IssuerSigningKey = await KeyOfAsync(jws.Header);
            var result = await base.ValidateTokenAsync(token, parameters);
            if (!result.IsValid)
            {
                throw Refusal(result.Exception);
            }

            result.ClaimsIdentity = Identify(claims);
            return result;
        }
        catch (Exception e) when (e is JoseException or ProblemException)
        {
            return new TokenValidationResult { Exception = e };
        }
    }

    /// <summary>RFC 8725 section 3.11: a JWT that was made for another purpose (a logout token, a security event) is refused. Throws <see cref="JoseException"/>.</summary>
    protected abstract void RequireType(string? type);

    /// <summary>Whose token it is. Throws <see cref="JoseException"/> for what the kind of token doesn't allow.</summary>
    protected abstract ClaimsIdentity Identify(JwtClaims claims);

    // The issuer's, found by "kid"; keys and addresses in a token's header are not looked at.
    private async Task<JsonWebKey> KeyOfAsync(JwsHeader header)
    {
        var keyId = header.KeyId ?? throw new JoseException(JoseError.UnknownKey, "The token names no key.");
        var key = await _keys.FindAsync(keyId) ?? throw new JoseException(JoseError.UnknownKey, "The token's key is none of the issuer's.");
        return key.Fits(header.Algorithm) ? key : throw new JoseException(JoseError.AlgorithmNotAllowed, "The signature algorithm is not the key's.");
    }

    private static JoseException Refusal(Exception refused) => refused switch
    {
        SecurityTokenInvalidIssuerException => new(JoseError.BadIssuer, "The token is from another issuer.", refused),
        SecurityTokenInvalidAudienceException => new(JoseError.BadAudience, "The token is for another audience.", refused),
        SecurityTokenInvalidSignatureException => new(JoseError.BadSignature, "The token's signature is wrong.", refused),
        _ => new(JoseError.Malformed, $"The token can't be validated ({refused.GetType().Name}).", refused),
    };
}
