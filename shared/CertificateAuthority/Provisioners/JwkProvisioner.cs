using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>Authorises by one-time tokens signed with its key; the private key is escrowed under the provisioner password.</summary>
internal sealed class JwkProvisioner : ITokenProvisioner, IKeyEscrow, IDisposable
{
    public const string DefaultName = "iot-bridge";

    private const int MaxTokenIdLength = 256;
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(1);

    // Key and algorithm belong together: a token can't choose its own algorithm (RFC 8725 3.1).
    private static readonly AlgorithmSet Algorithms = AlgorithmSet.Of("ES256");

    private readonly VerificationKey _key;
    private readonly JwtPolicy _signPolicy;
    private readonly JwtPolicy _revokePolicy;
    private readonly CertificateProfile _profile;
    private readonly TimeSpan _minLifetime;

    public JwkProvisioner(string name, JsonWebKey publicKey, string encryptedKey, CertificateAuthorityOptions options)
    {
        Name = name;
        PublicKey = publicKey;
        KeyId = publicKey.KeyId ?? publicKey.Thumbprint();
        EncryptedKey = encryptedKey;
        Extension = new StepProvisionerExtension(StepProvisionerExtension.Jwk, name, KeyId);
        _key = VerificationKey.From(publicKey);
        _signPolicy = Policy("sign");
        _revokePolicy = Policy("revoke");
        _profile = LeafProfiles.Leaf(options);
        _minLifetime = options.MinLeafLifetime;

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

    public StepProvisionerExtension Extension { get; }

    public void Dispose() => _key.Dispose();

    public void Describe(Utf8JsonWriter json)
    {
        json.WritePropertyName("key");
        json.WriteRawValue(PublicKey.ToJson());
        json.WriteString("encryptedKey", EncryptedKey);
    }

    public bool Recognizes(ParsedJws token) => string.Equals(token.Header.KeyId, KeyId, StringComparison.Ordinal);

    public ValueTask<SignGrant> AuthorizeSignAsync(ParsedJws token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (subject, sans, used) = Verify(token, _signPolicy, now);
        return ValueTask.FromResult(new SignGrant
        {
            Subject = subject,
            Names = new TokenNames(subject, sans),
            Profile = _profile,
            MinLifetime = _minLifetime,
            Extension = Extension,
            Token = used,
        });
    }

    public ValueTask<RevokeGrant> AuthorizeRevokeAsync(ParsedJws token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (subject, _, used) = Verify(token, _revokePolicy, now);
        return ValueTask.FromResult(new RevokeGrant(subject, used));
    }

    private (string Subject, IReadOnlyList<string> Sans, UsedToken Used) Verify(ParsedJws token, JwtPolicy policy, DateTimeOffset now)
    {
        if (!token.Verify(_key, Algorithms))
        {
            throw new JoseException(JoseError.BadSignature, "The token's signature does not verify.");
        }

        var claims = JwtClaims.Parse(token.Payload);
        policy.Check(claims, now);
        var sans = claims.GetStrings("sans") ?? [];
        if (claims.Subject is not { Length: > 0 } subject || claims.JwtId is not { Length: > 0 and <= MaxTokenIdLength } id || sans.Count > SubjectNames.MaxNames)
        {
            throw new JoseException(JoseError.Malformed, "The token has an empty subject, a bad jti or too many names.");
        }

        return (subject, sans.Count == 0 ? [subject] : sans, new UsedToken(Hash(id), claims.Expires!.Value.ToUniversalTime() + ClockSkew));
    }

    private byte[] Hash(string tokenId) => SHA256.HashData(Encoding.UTF8.GetBytes($"{Name}\0{tokenId}"));
}
