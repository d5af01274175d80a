using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>Authorises by one-time tokens signed with its key; the private key is escrowed under the provisioner password.</summary>
public sealed class JwkProvisioner : IProvisioner, IDisposable
{
    public const string DefaultName = "iot-bridge";

    private const int MaxTokenIdLength = 256;
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    // Key and algorithm belong together: a token can't choose its own algorithm (RFC 8725 3.1).
    private static readonly AlgorithmSet Algorithms = AlgorithmSet.Of("ES256");

    private readonly VerificationKey _key;
    private readonly JwtPolicy _signPolicy;
    private readonly JwtPolicy _revokePolicy;

    internal JwkProvisioner(string name, JsonWebKey publicKey, string encryptedKey, CertificateAuthorityOptions options)
    {
        Name = name;
        PublicKey = publicKey;
        KeyId = publicKey.KeyId ?? publicKey.Thumbprint();
        EncryptedKey = encryptedKey;
        Extension = new StepProvisionerExtension(StepProvisionerExtension.Jwk, name, KeyId);
        _key = VerificationKey.From(publicKey);
        _signPolicy = Policy("sign");
        _revokePolicy = Policy("revoke");

        JwtPolicy Policy(string operation) => new()
        {
            Issuer = name,
            AudienceMatches = new TokenAudience(options, operation).Matches,
            ClockSkew = ClockSkew,
            MaxLifetime = options.MaxTokenLifetime,
            RequiredClaims = ["iss", "sub", "aud", "exp", "iat", "nbf", "jti"],
        };
    }

    public string Name { get; }

    public string Type => "JWK";

    public string KeyId { get; }

    public JsonWebKey PublicKey { get; }

    /// <summary>Compact JWE (PBES2-HS256+A128KW, A256GCM) of the private JWK.</summary>
    public string EncryptedKey { get; }

    internal StepProvisionerExtension Extension { get; }

    public void Dispose() => _key.Dispose();

    /// <summary>Throws <see cref="JoseException"/> unless the token is this provisioner's, for signing, now. That it is used once is the ledger's to see to.</summary>
    internal TokenGrant AuthorizeSign(string token, DateTimeOffset now) => Authorize(token, _signPolicy, now);

    /// <summary>As <see cref="AuthorizeSign"/>, for revoking: the subject is the decimal serial number.</summary>
    internal TokenGrant AuthorizeRevoke(string token, DateTimeOffset now) => Authorize(token, _revokePolicy, now);

    private TokenGrant Authorize(string token, JwtPolicy policy, DateTimeOffset now)
    {
        var jws = CompactJws.Parse(token);
        if (!string.Equals(jws.Header.KeyId, KeyId, StringComparison.Ordinal))
        {
            throw new JoseException(JoseError.UnknownKey, "The token's key is not a provisioner's.");
        }

        if (!jws.Verify(_key, Algorithms))
        {
            throw new JoseException(JoseError.BadSignature, "The token's signature does not verify.");
        }

        var claims = JwtClaims.Parse(jws.Payload);
        policy.Check(claims, now);
        var sans = claims.GetStrings("sans") ?? [];
        if (claims.Subject is not { Length: > 0 } subject || claims.JwtId is not { Length: > 0 and <= MaxTokenIdLength } id || sans.Count > SubjectNames.MaxNames)
        {
            throw new JoseException(JoseError.Malformed, "The token has an empty subject, a bad jti or too many names.");
        }

        return new TokenGrant(subject, sans.Count == 0 ? [subject] : sans, new UsedToken(Hash(id), claims.Expires!.Value.ToUniversalTime() + ClockSkew));
    }

    private byte[] Hash(string tokenId) => SHA256.HashData(Encoding.UTF8.GetBytes($"{Name}\0{tokenId}"));
}
