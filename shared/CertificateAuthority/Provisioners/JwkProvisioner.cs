using System.Text.Json;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using Microsoft.IdentityModel.Tokens;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>Authorises by one-time tokens signed with its key; the private key is escrowed under the provisioner password.</summary>
internal sealed class JwkProvisioner : ITokenProvisioner, IKeyEscrow, IDisposable
{
    public const string DefaultName = "iot-bridge";

    // The key decides which of them is its own: a token can't choose its algorithm (RFC 8725 3.1).
    private static readonly AlgorithmSet Algorithms = AlgorithmSet.Signatures;

    private readonly VerificationKey _key;
    private readonly StepTokenPolicy _signPolicy;
    private readonly StepTokenPolicy _revokePolicy;
    private readonly ProvisionerDefinition _definition;

    /// <summary>Throws 422 for a definition that can't be used.</summary>
    public JwkProvisioner(ProvisionerDefinition definition, CertificateAuthorityOptions options)
    {
        definition.RequireKnown("key", "encryptedKey", "options");
        _definition = definition;
        PublicKey = KeyOf(definition);
        KeyId = PublicKey.KeyId ?? PublicKey.Thumbprint();
        Claims = ProvisionerClaims.Of(definition, options);
        Policy = NamePolicy.Of(definition);
        Options = ProvisionerOptions.Of(definition);
        Extension = new StepProvisionerExtension(StepProvisionerExtension.Jwk, Name, KeyId);
        _key = VerificationKey.From(PublicKey);
        _signPolicy = new StepTokenPolicy(Name, new TokenAudience(options, "sign"), options);
        _revokePolicy = new StepTokenPolicy(Name, new TokenAudience(options, "revoke"), options);
    }

    public string Name => _definition.Name;

    public string Type => "JWK";

    public ProvisionerClaims Claims { get; }

    public NamePolicy? Policy { get; }

    public ProvisionerOptions Options { get; }

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
        var claims = Verify(token, _signPolicy, now);
        return ValueTask.FromResult(new SignGrant
        {
            Subject = claims.Subject,
            Names = new TokenNames(claims.Subject, claims.Sans),
            Rules = ConfirmedRequest.Of(token.Claims),
            Profile = Claims.Profile,
            MinLifetime = Claims.MinLifetime,
            Extension = Claims.DisableExtension ? null : Extension,
            Token = claims.Used,
        });
    }

    public ValueTask<RevokeGrant> AuthorizeRevokeAsync(OneTimeToken token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var claims = Verify(token, _revokePolicy, now);
        return ValueTask.FromResult(new RevokeGrant(claims.Subject, claims.Used));
    }

    private StepTokenClaims Verify(OneTimeToken token, StepTokenPolicy policy, DateTimeOffset now) =>
        token.Jws.Verify(_key, Algorithms) ? policy.Check(token, now) : throw new JoseException(JoseError.BadSignature, "The token's signature does not verify.");

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
}
