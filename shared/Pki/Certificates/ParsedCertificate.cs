using System.Collections.Immutable;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki.Crypto;

namespace IoTPlatform.Pki;

/// <summary>
/// An X.509 v3 certificate (RFC 5280 4.1) read once from strict DER. Slices of the input, so the input must not change.
/// Reading judges the form only: nothing is verified.
/// </summary>
public sealed class ParsedCertificate
{
    internal ParsedCertificate() { }

    public ReadOnlyMemory<byte> Der { get; internal set; }

    /// <summary>What the signature covers.</summary>
    public ReadOnlyMemory<byte> TbsCertificate { get; internal set; }

    /// <summary>Minimal big-endian content bytes, see <see cref="Pki.SerialNumber"/>.</summary>
    public ReadOnlyMemory<byte> SerialNumber { get; internal set; }

    /// <summary>DER Name.</summary>
    public ReadOnlyMemory<byte> Issuer { get; internal set; }

    /// <summary>DER Name.</summary>
    public ReadOnlyMemory<byte> Subject { get; internal set; }

    public DateTimeOffset NotBefore { get; internal set; }

    public DateTimeOffset NotAfter { get; internal set; }

    public ReadOnlyMemory<byte> SubjectPublicKeyInfo { get; internal set; }

    public SubjectNames Names { get; internal set; } = new();

    public bool IsCa { get; internal set; }

    public int? PathLength { get; internal set; }

    /// <summary>Null without the extension.</summary>
    public X509KeyUsageFlags? KeyUsages { get; internal set; }

    /// <summary>Dotted OIDs; default without the extension.</summary>
    public ImmutableArray<string> ExtendedKeyUsages { get; internal set; }

    /// <summary>Null without the extension.</summary>
    public ReadOnlyMemory<byte>? SubjectKeyIdentifier { get; internal set; }

    /// <summary>The keyIdentifier of the extension, null without.</summary>
    public ReadOnlyMemory<byte>? AuthorityKeyIdentifier { get; internal set; }

    public NameConstraints? NameConstraints { get; internal set; }

    public StepProvisionerExtension? StepProvisioner { get; internal set; }

    /// <summary>Addresses of revocation lists (RFC 5280 4.2.1.13), read when asked for.</summary>
    public ImmutableArray<string> RevocationLists => ValidationAddresses.Lists(Find(ExtensionKind.CrlDistributionPoints));

    /// <summary>RFC 5280 4.2.2.1.</summary>
    public ImmutableArray<string> OcspServers => ValidationAddresses.Access(Find(ExtensionKind.AuthorityInfoAccess), ValidationAddresses.Ocsp);

    /// <summary>Of the issuer's certificate, RFC 5280 4.2.2.1.</summary>
    public ImmutableArray<string> IssuerCertificates => ValidationAddresses.Access(Find(ExtensionKind.AuthorityInfoAccess), ValidationAddresses.CaIssuers);

    internal ImmutableArray<ParsedExtension> Extensions { get; set; } = [];

    internal SignatureAlgorithm SignatureAlgorithm { get; set; }

    internal ReadOnlyMemory<byte> Signature { get; set; }

    /// <summary>The subject has attributes beside the CN.</summary>
    internal bool HasOtherSubjectAttributes { get; set; }

    /// <summary>There are alternative names that are no DNS, IP, e-mail or URI name.</summary>
    internal bool HasOtherNameKinds { get; set; }

    private ReadOnlyMemory<byte> Find(ExtensionKind kind) => Extensions.FirstOrDefault(extension => extension.Kind == kind).Value;

    /// <summary>Throws <see cref="PkiException"/> for a key that is not certified here.</summary>
    public KeyKind ReadKeyKind()
    {
        try
        {
            return PublicKeyInfo.Parse(SubjectPublicKeyInfo.Span).Kind;
        }
        catch (AsnContentException e)
        {
            throw new PkiException(PkiError.Malformed, "The certificate's key is not valid DER.", e);
        }
    }

    /// <summary>Throws <see cref="PkiException"/>: malformed, weak hash, unknown signature algorithm, or name constraints of an unknown kind.</summary>
    public static ParsedCertificate Parse(ReadOnlyMemory<byte> der) => CertificateParser.Parse(der);
}

/// <summary>SHA-256 fingerprints as step prints them: lower-case hex.</summary>
public static class Fingerprint
{
    public static string Sha256Hex(ReadOnlySpan<byte> der) => Convert.ToHexStringLower(SHA256.HashData(der));

    public static string Of(X509Certificate2 certificate) => Sha256Hex(certificate.RawDataMemory.Span);
}

/// <summary>The public key types the platform certifies. Everything else is refused.</summary>
public enum KeyKind
{
    P256,
    P384,
    P521,
    Rsa2048OrMore,
    /// <summary>RFC 8410; only where the platform can verify it.</summary>
    Ed25519,
}
