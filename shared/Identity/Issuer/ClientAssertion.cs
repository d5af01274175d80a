using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.Identity.Issuer;

/// <summary>By which a client that has a key proves itself at an issuer (RFC 7523 section 3).</summary>
public static class ClientAssertion
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    /// <param name="key">P-256 or P-384.</param>
    /// <param name="clientId">Whose.</param>
    /// <param name="issuer">The audience.</param>
    /// <param name="time">Which the issuer's clock agrees with.</param>
    public static string Sign(ECDsa key, string clientId, string issuer, TimeProvider time)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Subject = new ClaimsIdentity([new Claim(JwtRegisteredClaimNames.Sub, clientId), new Claim(JwtRegisteredClaimNames.Jti, RandomNumberGenerator.GetHexString(32, lowercase: true))]),
            Issuer = clientId,
            Audience = issuer,
            IssuedAt = now,
            NotBefore = now,
            Expires = now + Lifetime,
            TokenType = "client-authentication+jwt",
            // A provider that was kept would outlive the key.
            SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(key) { CryptoProviderFactory = new() { CacheSignatureProviders = false } }, key.KeySize == 384 ? SecurityAlgorithms.EcdsaSha384 : SecurityAlgorithms.EcdsaSha256),
        });
    }
}
