using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki.Signing;

/// <summary>One issuer: its certificate and key, read once. Thread-safe.</summary>
public sealed class CaSigner : IDisposable
{
    /// <summary>Takes ownership of both. Throws when the key is not the certificate's or the certificate is no CA.</summary>
    public CaSigner(X509Certificate2 issuer, CaKey key) => throw new NotImplementedException();

    public X509Certificate2 Certificate => throw new NotImplementedException();

    public IssuerInfo Issuer => throw new NotImplementedException();

    /// <summary>Makes a root: the template's key must be the CA key.</summary>
    public static X509Certificate2 SelfSign(CaKey key, CertificateTemplate template) => throw new NotImplementedException();

    /// <summary>Builds the certificate and lints it under a throw-away key; the CA key is not touched. Throws when it breaks its profile or outlives the issuer.</summary>
    public PreparedCertificate Prepare(CertificateTemplate template) => throw new NotImplementedException();

    /// <summary>Signs exactly what was prepared, once.</summary>
    public SignedCertificate Issue(PreparedCertificate prepared) => throw new NotImplementedException();

    public void Dispose() => throw new NotImplementedException();
}
