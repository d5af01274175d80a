using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Storage;
using IoTPlatform.Jose;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>
/// Authorises by tokens that are signed with the key of a certificate, which is in their header (RFC 7515 4.1.6) and chains to one of its own roots. What it
/// buys ends no later than that certificate.
/// </summary>
internal sealed class X5cProvisioner : ITokenProvisioner
{
    /// <summary>step's type number of X5C provisioners.</summary>
    private const int ExtensionType = 7;

    private const int MostCertificates = 8;

    private readonly ProvisionerDefinition _definition;
    private readonly CertificateStore _issued;
    private readonly byte[] _ownRootKey;
    private readonly IReadOnlyList<X509Certificate2> _roots;
    private readonly StepTokenPolicy _policy;
    private readonly StepProvisionerExtension _extension;

    /// <summary>Throws 422 for a definition that can't be used.</summary>
    /// <param name="definition">Its own.</param>
    /// <param name="options">The authority's.</param>
    /// <param name="issued">Where credentials that this authority issued may have been revoked.</param>
    /// <param name="ownRootKey">SHA-256 of the SubjectPublicKeyInfo of the root that this authority is under.</param>
    public X5cProvisioner(ProvisionerDefinition definition, CertificateAuthorityOptions options, CertificateStore issued, byte[] ownRootKey)
    {
        definition.RequireKnown("roots", "options");
        _definition = definition;
        _issued = issued;
        _ownRootKey = ownRootKey;
        _roots = definition.Roots("roots") ?? throw ProvisionerDefinition.Refused("it has no roots.");
        Claims = ProvisionerClaims.Of(definition, options);
        Policy = NamePolicy.Of(definition);
        Options = ProvisionerOptions.Of(definition);
        _extension = new StepProvisionerExtension(ExtensionType, Name, "");
        _policy = new StepTokenPolicy(Name, new TokenAudience(options, "sign") { Fragment = "x5c/" + Name }, options);
    }

    public string Name => _definition.Name;

    public string Type => "X5C";

    public ProvisionerClaims Claims { get; }

    public NamePolicy? Policy { get; }

    public ProvisionerOptions Options { get; }

    public void Describe(Utf8JsonWriter json) => _definition.WriteMembers(json);

    public bool Recognizes(OneTimeToken token) => token.Jws.Header.X5c is { Count: > 0 } && string.Equals(token.Claims.Issuer, Name, StringComparison.Ordinal);

    public async ValueTask<SignGrant> AuthorizeSignAsync(OneTimeToken token, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (credential, isUnderOwnRoot) = CredentialOf(token.Jws.Header.X5c!, now);
        using var owned = credential;
        using var key = VerificationKey.FromSubjectPublicKeyInfo(credential.PublicKey.ExportSubjectPublicKeyInfo());
        if (!token.Jws.Verify(key, AlgorithmSet.Signatures))
        {
            throw new JoseException(JoseError.BadSignature, "The token's signature is not one of its certificate's key.");
        }

        var claims = _policy.Check(token, now);
        var record = await _issued.FindAsync(credential.SerialNumberBytes.ToArray(), cancellationToken);
        var isOnRecord = record is not null && record.Der.AsSpan().SequenceEqual(credential.RawDataMemory.Span);
        if (isOnRecord && record!.IsRevoked)
        {
            throw new JoseException(JoseError.KeyNotAllowed, "The token's certificate is revoked.");
        }

        // Below the platform's root are the tenants' Sub-CAs, which certify whatever they like: of that root, only what this authority issued itself, and for nothing that another had issued.
        if (isUnderOwnRoot && (!isOnRecord || record!.IsImported))
        {
            throw new JoseException(JoseError.UnknownKey, "The token's certificate is another authority's below the platform's root.");
        }

        return new SignGrant
        {
            Subject = claims.Subject,
            CredentialNames = CommonNameOf(credential),
            BudgetKey = Convert.ToHexStringLower(SHA256.HashData(credential.PublicKey.ExportSubjectPublicKeyInfo())),
            Names = new TokenNames(claims.Subject, claims.Sans),
            Rules = ConfirmedRequest.Of(token.Claims),
            Profile = Claims.Profile,
            MinLifetime = Claims.MinLifetime,
            CredentialEnds = credential.NotAfterUtc(),
            Credential = token.Jws.Header.X5c!,
            Extension = Claims.DisableExtension ? null : _extension,
            Token = claims.Used,
        };
    }

    /// <summary>A certificate for signatures and client authentication that chains to one of the roots; whether others revoked it is not checked.</summary>
    private (X509Certificate2 Credential, bool IsUnderOwnRoot) CredentialOf(IReadOnlyList<byte[]> x5c, DateTimeOffset now)
    {
        if (x5c.Count > MostCertificates)
        {
            throw new JoseException(JoseError.Malformed, $"The token has more than {MostCertificates} certificates.");
        }

        var sent = new List<X509Certificate2>();
        var isGood = false;
        try
        {
            sent.AddRange(x5c.Select(X509CertificateLoader.LoadCertificate));
            var chain = ForeignChain.Verify(sent[0], sent.Skip(1), _roots, now, out var root);
            isGood = chain.IsValid ? IsForClients(sent[0]) ? true
                : throw new JoseException(JoseError.KeyNotAllowed, "The token's certificate is not for signatures and client authentication.")
                : throw new JoseException(JoseError.UnknownKey, $"The token's certificate does not chain to a root of the provisioner: {chain.Reason}");
            return (sent[0], root!.KeySha256.AsSpan().SequenceEqual(_ownRootKey));
        }
        catch (CryptographicException e)
        {
            throw new JoseException(JoseError.Malformed, "A certificate of the token can't be read.", e);
        }
        finally
        {
            foreach (var certificate in sent.Skip(isGood ? 1 : 0))
            {
                certificate.Dispose();
            }
        }
    }

    /// <summary>What its issuer vouches for: the token's own subject is the holder's choice. None of a certificate with several.</summary>
    private static IReadOnlyList<string> CommonNameOf(X509Certificate2 certificate) =>
        SubjectAttributes.Read(certificate.SubjectName.RawData).Where(attribute => attribute.Oid == SubjectAttributes.CommonName).Select(attribute => attribute.Value).ToList() is [var name] ? [name] : [];

    /// <summary>As step-ca has it (RFC 5280 4.2.1.3, 4.2.1.12): both extensions must be there and say so.</summary>
    private static bool IsForClients(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509KeyUsageExtension>().Any(usage => usage.KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature))
        && certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Any(usages => usages.EnhancedKeyUsages.Cast<Oid>().Any(usage => usage.Value == Oids.ClientAuth));
}
