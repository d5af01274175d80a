using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>An issuer whose direct leaves are accepted: name, key identifier and one signature verification decide.</summary>
internal sealed class AcceptedIssuer
{
    public AcceptedIssuer(X509Certificate2 certificate)
    {
        Certificate = certificate;
        Info = IssuerInfo.FromCertificate(certificate);
        KeyId = Info.SubjectKeyIdentifier.ToArray();
        CommonName = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
    }

    public X509Certificate2 Certificate { get; }

    public IssuerInfo Info { get; }

    public byte[] KeyId { get; }

    public string CommonName { get; }

    /// <summary>The key identifier must be there and fit: without it two generations of one name could be mistaken for each other.</summary>
    public bool Signed(LeafIdentity leaf) => leaf.Parsed.AuthorityKeyIdentifier is not null && Info.HasSigned(leaf.Parsed);
}
