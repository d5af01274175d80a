using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using IoTPlatform.Jose;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>
/// Authorises by the identity document that Amazon EC2 signs for an instance. step puts it into a token of its own making, whose MAC key is the document's signature: what vouches for anything
/// is the signature on the document alone (PKCS #1, SHA-256).
/// </summary>
internal sealed class AwsProvisioner : ITokenProvisioner
{
    private const string Issuer = "ec2.amazonaws.com";

    /// <summary>step's type number of AWS provisioners.</summary>
    private const int ExtensionType = 4;

    /// <summary>Of a document; Amazon's have some 500 bytes.</summary>
    private const int MaxLength = 8192;

    private readonly ProvisionerDefinition _definition;
    private readonly CloudInstances _instances;
    private readonly JwtPolicy _policy;
    private readonly IReadOnlyList<RSAParameters> _keys;
    private readonly IReadOnlyList<string> _accounts;

    /// <summary>Throws 422 for a definition that can't be used.</summary>
    public AwsProvisioner(ProvisionerDefinition definition, CertificateAuthorityOptions options)
    {
        definition.RequireKnown([.. CloudInstances.Members, "accounts", "instanceAge", "imdsVersions", "iidRoots", "iidCertificates"]);
        _definition = definition;
        _instances = new CloudInstances(definition);
        _accounts = definition.Texts("accounts");
        _keys = KeysOf(definition);
        Claims = ProvisionerClaims.Of(definition, options);
        Policy = NamePolicy.Of(definition);
        Options = ProvisionerOptions.Of(definition);
        _policy = new JwtPolicy
        {
            Issuer = Issuer,
            AudienceMatches = new TokenAudience(options, "sign") { Fragment = "aws/" + Name }.Matches,
            ClockSkew = CloudInstances.ClockSkew,
            MaxLifetime = options.MaxTokenLifetime,
            RequiredClaims = ["iss", "sub", "aud", "exp", "iat", "nbf"],
        };
        // For step on the instance to know which of them it is to ask.
        if (definition.Texts("imdsVersions").Any(version => version is not ("v1" or "v2")))
        {
            throw ProvisionerDefinition.Refused("its imdsVersions are others than v1 and v2.");
        }
    }

    public string Name => _definition.Name;

    public string Type => "AWS";

    public ProvisionerClaims Claims { get; }

    public NamePolicy? Policy { get; }

    public ProvisionerOptions Options { get; }

    /// <summary>With the path in <c>iidRoots</c>, where step on an instance looks for the certificates; those here are the authority's own copy.</summary>
    public void Describe(Utf8JsonWriter json) => _definition.WriteMembers(json, except: "iidCertificates");

    public bool Recognizes(OneTimeToken token) => token.Claims.Issuer == Issuer && token.Claims.Audience.Any(_policy.AudienceMatches!);

    public ValueTask<SignGrant> AuthorizeSignAsync(OneTimeToken token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (document, signature) = DocumentOf(token.Claims);
        if (!token.Jws.VerifyMac(signature) || !IsAmazons(document, signature))
        {
            throw new JoseException(JoseError.BadSignature, "The token's document is not signed by Amazon.");
        }

        _policy.Check(token.Claims, now);
        var instance = AwsInstance.Parse(document);
        CloudInstances.Require(_accounts, instance.Account, "account");
        _instances.RequireYoung(() => instance.BeganAt ?? throw new JoseException(JoseError.Malformed, "The token's document does not say when the instance began."), now);
        var subject = token.Claims.Subject!;
        if (_instances.HasOwnNamesOnly && subject != instance.Id && subject != instance.Address.ToString() && subject != instance.DnsName)
        {
            throw new JoseException(JoseError.KeyNotAllowed, "The token buys nothing here: its subject is no name of the instance.");
        }

        return ValueTask.FromResult(new SignGrant
        {
            Subject = $"{instance.Account}/{instance.Id}",
            Names = _instances.HasOwnNamesOnly ? new TokenNames(subject, [instance.DnsName, instance.Address.ToString()]) : new RequestedNames(subject),
            Rules = ConfirmedRequest.Of(token.Claims),
            Profile = Claims.Profile,
            MinLifetime = Claims.MinLifetime,
            Extension = Claims.DisableExtension ? null : new StepProvisionerExtension(ExtensionType, Name, instance.Account),
            Token = _instances.Spend(token, instance.Id),
        });
    }

    private bool IsAmazons(byte[] document, byte[] signature) => _keys.Any(parameters =>
    {
        using var key = RSA.Create(parameters);
        return key.VerifyData(document, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    });

    private static (byte[] Document, byte[] Signature) DocumentOf(JwtClaims claims) =>
        claims["amazon"] is { ValueKind: JsonValueKind.Object } amazon
        && BytesOf(amazon, "document") is { Length: > 0 and <= MaxLength } document && BytesOf(amazon, "signature") is { Length: > 0 and <= MaxLength } signature
            ? (document, signature)
            : throw new JoseException(JoseError.Malformed, "The token has no document with its signature.");

    private static byte[]? BytesOf(JsonElement json, string member) =>
        json.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String && value.TryGetBytesFromBase64(out var bytes) ? bytes : null;

    /// <summary>
    /// Those that Amazon publishes, unless the definition has others. A path alone, as ca.json has it, can't be looked at here. What the certificates say beside the key means nothing, as
    /// at step-ca: they are a list of keys, and Amazon has let some end and signs on.
    /// </summary>
    private static RSAParameters[] KeysOf(ProvisionerDefinition definition)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(definition.Text("iidCertificates") is { Length: > 0 } text ? Encoding.ASCII.GetString(Convert.FromBase64String(text))
                : definition.Text("iidRoots") is not { Length: > 0 } ? Published()
                : throw ProvisionerDefinition.Refused("its iidRoots name a file, whose contents it does not have in iidCertificates."));
            RSAParameters[] keys = [.. certificates.Select(certificate => certificate.GetRSAPublicKey()).OfType<RSA>().Select(Exported)];
            return keys.Length == certificates.Count && keys.Length > 0 ? keys : throw ProvisionerDefinition.Refused("its iidCertificates are no certificates of RSA keys.");
        }
        catch (Exception e) when (e is FormatException or CryptographicException)
        {
            throw ProvisionerDefinition.Refused("its iidCertificates are no PEM certificates in base64.", e);
        }
        finally
        {
            foreach (var certificate in certificates)
            {
                certificate.Dispose();
            }
        }
    }

    private static RSAParameters Exported(RSA key)
    {
        using (key)
        {
            return key.ExportParameters(includePrivateParameters: false);
        }
    }

    private static string Published()
    {
        using var resource = new StreamReader(typeof(AwsProvisioner).Assembly.GetManifestResourceStream("aws-instance-identity.pem")!);
        return resource.ReadToEnd();
    }
}
