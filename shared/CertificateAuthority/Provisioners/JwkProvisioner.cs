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

    // The key decides which of them is its own: a token can't choose its algorithm (RFC 8725 3.1).
    private static readonly AlgorithmSet Algorithms = AlgorithmSet.Signatures;

    private readonly VerificationKey _key;
    private readonly JwtPolicy _signPolicy;
    private readonly JwtPolicy _revokePolicy;
    private readonly ProvisionerDefinition _definition;

    /// <summary>Throws 422 for a definition that can't be used.</summary>
    public JwkProvisioner(ProvisionerDefinition definition, CertificateAuthorityOptions options)
    {
        definition.RequireKnown("key", "encryptedKey");
        _definition = definition;
        PublicKey = KeyOf(definition);
        KeyId = PublicKey.KeyId ?? PublicKey.Thumbprint();
        Claims = ProvisionerClaims.Of(definition, options);
        Policy = NamePolicy.Of(definition);
        Extension = new StepProvisionerExtension(StepProvisionerExtension.Jwk, Name, KeyId);
        _key = VerificationKey.From(PublicKey);
        _signPolicy = PolicyOf("sign");
        _revokePolicy = PolicyOf("revoke");

        JwtPolicy PolicyOf(string operation) => new()
        {
            Issuer = Name,
            AudienceMatches = new TokenAudience(options, operation).Matches,
            ClockSkew = ClockSkew,
            MaxLifetime = options.MaxTokenLifetime,
            RequiredClaims = ["iss", "sub", "aud", "exp", "iat", "nbf", "jti"],
        };
    }

    public string Name => _definition.Name;

    public string Type => "JWK";

    public ProvisionerClaims Claims { get; }

    public NamePolicy? Policy { get; }

    public string KeyId { get; }

    public JsonWebKey PublicKey { get; }

    /// <summary>Compact JWE (PBES2-HS256+A128KW, A256GCM) of the private JWK; null: its owner keeps it elsewhere.</summary>
    public string? EncryptedKey => _definition.Text("encryptedKey");

    public StepProvisionerExtension Extension { get; }

    public void Dispose() => _key.Dispose();

    /// <summary>The key in step-ca's order of members, which the database does not keep.</summary>
    public void Describe(Utf8JsonWriter json)
    {
        json.WritePropertyName("key");
        json.WriteRawValue(PublicKey.ToJson());
        _definition.WriteMembers(json, except: "key");
    }

    public bool Recognizes(OneTimeToken token) => string.Equals(token.Jws.Header.KeyId, KeyId, StringComparison.Ordinal);

    public ValueTask<SignGrant> AuthorizeSignAsync(OneTimeToken token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (subject, sans, used) = Verify(token, _signPolicy, now);
        return ValueTask.FromResult(new SignGrant
        {
            Subject = subject,
            Names = new TokenNames(subject, sans),
            Rules = ConfirmedRequest.Of(token.Claims),
            Profile = Claims.Profile,
            MinLifetime = Claims.MinLifetime,
            Extension = Claims.DisableExtension ? null : Extension,
            Token = used,
        });
    }

    public ValueTask<RevokeGrant> AuthorizeRevokeAsync(OneTimeToken token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (subject, _, used) = Verify(token, _revokePolicy, now);
        return ValueTask.FromResult(new RevokeGrant(subject, used));
    }

    private (string Subject, IReadOnlyList<string> Sans, UsedToken Used) Verify(OneTimeToken token, JwtPolicy policy, DateTimeOffset now)
    {
        if (!token.Jws.Verify(_key, Algorithms))
        {
            throw new JoseException(JoseError.BadSignature, "The token's signature does not verify.");
        }

        var claims = token.Claims;
        policy.Check(claims, now);
        var sans = claims.GetStrings("sans") ?? [];
        if (claims.Subject is not { Length: > 0 } subject || claims.JwtId is not { Length: > 0 and <= MaxTokenIdLength } id || sans.Count > SubjectNames.MaxNames)
        {
            throw new JoseException(JoseError.Malformed, "The token has an empty subject, a bad jti or too many names.");
        }

        return (subject, sans.Count == 0 ? [subject] : sans, new UsedToken(Hash(id), claims.Expires!.Value.ToUniversalTime() + ClockSkew));
    }

    private static JsonWebKey KeyOf(ProvisionerDefinition definition)
    {
        try
        {
            var key = JsonWebKey.Parse(definition["key"]?.GetRawText() ?? throw ProvisionerDefinition.Refused("it has no key."));
            return key.IsPrivate ? throw ProvisionerDefinition.Refused("its key is a private one, which belongs to whoever makes tokens.") : key;
        }
        catch (JoseException e)
        {
            throw ProvisionerDefinition.Refused("its key is no JSON Web Key of a kind that is used here.", e);
        }
    }

    private byte[] Hash(string tokenId) => SHA256.HashData(Encoding.UTF8.GetBytes($"{Name}\0{tokenId}"));
}
