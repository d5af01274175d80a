using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>Issuers of a leaf: the leaf's issuer first, the root last.</summary>
public sealed class CertificateChain
{
    /// <summary>Throws unless each certificate is signed by the next one and the last is self-signed.</summary>
    public CertificateChain(IEnumerable<X509Certificate2> issuerFirst)
    {
        Certificates = [.. issuerFirst];
        if (Certificates.IsEmpty)
        {
            throw new PkiException(PkiError.Malformed, "The certificate chain is empty.");
        }

        for (var i = 0; i < Certificates.Length; i++)
        {
            var issuer = IssuerInfo.FromCertificate(Certificates[Math.Min(i + 1, Certificates.Length - 1)]);
            if (!issuer.HasSigned(ParsedCertificate.Parse(Certificates[i].RawDataMemory)))
            {
                throw new PkiException(PkiError.BadSignature, "The certificate chain is not in order from the issuer to a self-signed root.");
            }
        }
    }

    public ImmutableArray<X509Certificate2> Certificates { get; }

    public X509Certificate2 Issuer => Certificates[0];

    public X509Certificate2 Root => Certificates[^1];

    /// <summary>Without the root.</summary>
    public ImmutableArray<X509Certificate2> Intermediates => Certificates[..^1];

    public string Pem => Files.Pem.Certificates(Certificates);

    /// <summary>PEM without the root, as a TLS server sends it after its own certificate.</summary>
    public string IntermediatesPem => Files.Pem.Certificates(Intermediates);

    public static CertificateChain ParsePem(string pem) => new(Files.Pem.ParseCertificates(pem));

    public bool Verify(X509Certificate2 leaf, CertificatePurpose purpose, DateTimeOffset at) =>
        ChainVerifier.Verify(leaf, Intermediates, [Root], purpose, at).IsValid;
}
