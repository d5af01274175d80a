using System.Security.Cryptography;
using IoTPlatform.Jose;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>One-time tokens as <c>step ca token</c> makes them: valid for five minutes.</summary>
public static class OneTimeToken
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    /// <param name="key">The provisioner's private key, with its kid.</param>
    /// <param name="audience">For example <c>https://localhost:9443/1.0/sign</c>; <c>…/1.0/revoke</c> with the decimal serial as subject.</param>
    public static string Create(ISignatureKey key, string provisioner, string audience, string subject, IReadOnlyList<string> sans, string rootFingerprint, TimeProvider time)
    {
        var now = time.GetUtcNow();
        return Jwt.Sign(
            new Dictionary<string, object>
            {
                ["aud"] = audience,
                ["exp"] = (now + Lifetime).ToUnixTimeSeconds(),
                ["iat"] = now.ToUnixTimeSeconds(),
                ["iss"] = provisioner,
                ["jti"] = RandomNumberGenerator.GetHexString(64, lowercase: true),
                ["nbf"] = now.ToUnixTimeSeconds(),
                ["sans"] = sans,
                ["sha"] = rootFingerprint,
                ["sub"] = subject,
            },
            key);
    }

    /// <summary>Opens the escrowed key of a provisioner.</summary>
    public static EcSignatureKey OpenKey(string encryptedKey, ReadOnlySpan<char> password)
    {
        var plaintext = Pbes2Jwe.Decrypt(encryptedKey, password);
        try
        {
            var jwk = JsonWebKey.Parse(plaintext);
            return new EcSignatureKey(jwk.ToECDsa(), jwk.KeyId ?? jwk.Thumbprint());
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plaintext);
        }
    }
}
