using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>Issuers of a leaf: the leaf's issuer first, the root last.</summary>
public sealed class CertificateChain
{
    /// <summary>Throws unless each certificate is signed by the next one and the last is self-signed.</summary>
    public CertificateChain(IEnumerable<X509Certificate2> issuerFirst) => throw new NotImplementedException();

    public ImmutableArray<X509Certificate2> Certificates { get; }

    public X509Certificate2 Issuer => Certificates[0];

    public X509Certificate2 Root => Certificates[^1];

    /// <summary>Without the root.</summary>
    public ImmutableArray<X509Certificate2> Intermediates => Certificates[..^1];

    public string Pem => throw new NotImplementedException();

    /// <summary>PEM without the root, as a TLS server sends it.</summary>
    public string IntermediatesPem => throw new NotImplementedException();

    public static CertificateChain ParsePem(string pem) => throw new NotImplementedException();

    public bool Verify(X509Certificate2 leaf, CertificatePurpose purpose, DateTimeOffset at) => throw new NotImplementedException();
}
