using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using IoTPlatform.Jose;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>
/// Authorises by tokens of Kubernetes' service accounts (the ones kept as secrets), which a cluster signs with a key of its own. Such a token names a service account and nothing that could
/// be certified, and most have no end: it buys the names of the request, again and again. Policies say which.
/// </summary>
internal sealed class K8sSaProvisioner : ITokenProvisioner, IDisposable
{
    private const string Issuer = "kubernetes/serviceaccount";

    /// <summary>step's type number of K8sSA provisioners.</summary>
    private const int ExtensionType = 8;

    private const int MostKeys = 16;

    private readonly ProvisionerDefinition _definition;
    private readonly IReadOnlyList<VerificationKey> _keys;
    private readonly StepProvisionerExtension _extension;

    private readonly JwtPolicy _policy = new() { Issuer = Issuer, ClockSkew = TimeSpan.FromMinutes(1), RequiredClaims = ["iss", "sub"] };

    /// <summary>Throws 422 for a definition that can't be used.</summary>
    public K8sSaProvisioner(ProvisionerDefinition definition, CertificateAuthorityOptions options)
    {
        definition.RequireKnown("publicKeys", "options");
        _definition = definition;
        Claims = ProvisionerClaims.Of(definition, options);
        Policy = NamePolicy.Of(definition);
        Options = ProvisionerOptions.Of(definition);
        _extension = new StepProvisionerExtension(ExtensionType, Name, "");
        _keys = KeysOf(definition);
    }

    public string Name => _definition.Name;

    public string Type => "K8sSA";

    public ProvisionerClaims Claims { get; }

    public NamePolicy? Policy { get; }

    public ProvisionerOptions Options { get; }

    public void Describe(Utf8JsonWriter json) => _definition.WriteMembers(json);

    /// <summary>Nothing in such a token says of which cluster it is but its signature.</summary>
    public bool Recognizes(OneTimeToken token) => token.Claims.Issuer == Issuer && _keys.Any(key => IsSignedWith(key, token));

    public ValueTask<SignGrant> AuthorizeSignAsync(OneTimeToken token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!Recognizes(token))
        {
            throw new JoseException(JoseError.BadSignature, "The token's signature is not one of the cluster's keys.");
        }

        _policy.Check(token.Claims, now);
        return ValueTask.FromResult(new SignGrant
        {
            Subject = token.Claims.Subject!,
            Names = new RequestedNames(),
            Rules = ConfirmedRequest.Of(token.Claims),
            Profile = Claims.Profile,
            MinLifetime = Claims.MinLifetime,
            Extension = Claims.DisableExtension ? null : _extension,
            IsReusable = true,
        });
    }

    public void Dispose()
    {
        foreach (var key in _keys)
        {
            key.Dispose();
        }
    }

    /// <summary>A key of another kind than the token's algorithm is not the one.</summary>
    private static bool IsSignedWith(VerificationKey key, OneTimeToken token)
    {
        try
        {
            return token.Jws.Verify(key, AlgorithmSet.Signatures);
        }
        catch (JoseException e) when (e.Error == JoseError.AlgorithmNotAllowed)
        {
            return false;
        }
    }

    private static List<VerificationKey> KeysOf(ProvisionerDefinition definition)
    {
        var keys = new List<VerificationKey>();
        try
        {
            ReadOnlySpan<char> rest = Encoding.ASCII.GetString(Convert.FromBase64String(definition.RequiredText("publicKeys")));
            while (PemEncoding.TryFind(rest, out var block))
            {
                keys.Add(KeyOf(rest[block.Label], Convert.FromBase64String(rest[block.Base64Data].ToString())));
                rest = rest[block.Location.End..];
            }
        }
        catch (Exception e) when (e is FormatException or JoseException or CryptographicException)
        {
            throw ProvisionerDefinition.Refused("its publicKeys are no public keys in PEM, in base64.", e);
        }

        return keys.Count is > 0 and <= MostKeys ? keys : throw ProvisionerDefinition.Refused($"its publicKeys are not 1 to {MostKeys} keys in PEM.");
    }

    private static VerificationKey KeyOf(ReadOnlySpan<char> label, byte[] der)
    {
        switch (label)
        {
            case "PUBLIC KEY":
                return VerificationKey.FromSubjectPublicKeyInfo(der);
            case "RSA PUBLIC KEY":
                using (var rsa = RSA.Create())
                {
                    rsa.ImportRSAPublicKey(der, out _);
                    return VerificationKey.FromSubjectPublicKeyInfo(rsa.ExportSubjectPublicKeyInfo());
                }

            default:
                throw new JoseException(JoseError.KeyNotAllowed, "A private key, or none.");
        }
    }
}
