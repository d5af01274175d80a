using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.CertificateAuthority.Tests.Provisioners;

/// <summary>A certificate authority that is not the platform's.</summary>
internal sealed class TestRoot : IDisposable
{
    /// <param name="certificate">With its key.</param>
    public TestRoot(X509Certificate2 certificate) => Certificate = certificate;

    public TestRoot(string name)
    {
        using var key = StepCaCalls.NewKey();
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        var now = TimeProvider.System.GetUtcNow();
        Certificate = request.CreateSelfSigned(now.AddDays(-30), now.AddDays(30));
    }

    public X509Certificate2 Certificate { get; }

    public X509Certificate2 Issue(
        string name, TimeSpan? start = null, TimeSpan? lifetime = null, string usage = "1.3.6.1.5.5.7.3.2", X509KeyUsageFlags keyUsage = X509KeyUsageFlags.DigitalSignature,
        SubjectAlternativeNameBuilder? names = null)
    {
        using var key = StepCaCalls.NewKey();
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(keyUsage, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        if (names is not null)
        {
            request.CertificateExtensions.Add(names.Build());
        }

        var from = TimeProvider.System.GetUtcNow() + (start ?? -TimeSpan.FromMinutes(1));
        using var certificate = request.Create(Certificate, from, from + (lifetime ?? TimeSpan.FromDays(7)), RandomNumberGenerator.GetBytes(16));
        return certificate.CopyWithPrivateKey(key);
    }

    public void Dispose() => Certificate.Dispose();
}
