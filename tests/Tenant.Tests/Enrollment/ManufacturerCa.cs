using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Tenant.Tests.Enrollment;

/// <summary>A manufacturer's CA, root or below one.</summary>
internal sealed class ManufacturerCa : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();

    public ManufacturerCa(string subject, ManufacturerCa? issuer = null)
    {
        var request = new CertificateRequest(subject, _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        if (issuer is null)
        {
            Certificate = request.CreateSelfSigned(_now.AddYears(-1), _now.AddYears(10));
            return;
        }

        using var issued = request.Create(issuer.Certificate, _now.AddDays(-3), _now.AddYears(9), RandomNumberGenerator.GetBytes(8));
        Certificate = issued.CopyWithPrivateKey(_key);
    }

    public X509Certificate2 Certificate { get; }

    public X509Certificate2 Issue(string subject, bool expired = false, bool isCa = false, ECDsa? deviceKey = null)
    {
        using var own = deviceKey is null ? ECDsa.Create(ECCurve.NamedCurves.nistP256) : null;
        var request = new CertificateRequest(subject, deviceKey ?? own!, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isCa, false, 0, true));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));
        using var issued = request.Create(Certificate, _now.AddDays(-2), expired ? _now.AddDays(-1) : _now.AddYears(5), RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(deviceKey ?? own!);
    }

    public void Dispose()
    {
        _key.Dispose();
        Certificate.Dispose();
    }
}
