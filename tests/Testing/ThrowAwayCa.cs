using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.Testing;

/// <summary>Root and intermediate that sign any request, for servers under test and for attacks on them.</summary>
public sealed class ThrowAwayCa : IDisposable
{
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _intermediate;

    public ThrowAwayCa()
    {
        _root = Sign("Throw-away root", null, request => Authority(request, 2));
        _intermediate = Sign("Throw-away intermediate", _root, request => Authority(request, 1));
    }

    public string RootPem => _root.ExportCertificatePem();

    public string IntermediatePem => _intermediate.ExportCertificatePem();

    /// <summary>Key, certificate and intermediate in one PEM.</summary>
    public string Server(params string[] names) => Bundle("server", request =>
    {
        var sans = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (System.Net.IPAddress.TryParse(name, out var address))
            {
                sans.AddIpAddress(address);
            }
            else
            {
                sans.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(sans.Build());
        Leaf(request);
    });

    /// <summary>The intermediate's CRL, under the name by which a RabbitMQ finds it.</summary>
    public void WriteRevocationList(string folder, params ReadOnlySpan<string> revokedPem)
    {
        var list = new CertificateRevocationListBuilder();
        foreach (var pem in revokedPem)
        {
            using var revoked = X509Certificate2.CreateFromPem(pem);
            list.AddEntry(revoked);
        }

        var now = TimeProvider.System.GetUtcNow();
        var der = list.Build(_intermediate, now.ToUnixTimeMilliseconds(), now.AddDays(1), HashAlgorithmName.SHA256, thisUpdate: now.AddMinutes(-5));
        File.WriteAllText(Path.Combine(folder, NameHash.Of(_intermediate.SubjectName) + ".r0"), PemEncoding.WriteString("X509 CRL", der));
    }

    /// <summary>Key, certificate and intermediate in one PEM, for a client with that CN.</summary>
    public string Client(string commonName) => Bundle(commonName, Leaf);

    public void Dispose()
    {
        _root.Dispose();
        _intermediate.Dispose();
    }

    private string Bundle(string commonName, Action<CertificateRequest> extend)
    {
        using var certificate = Sign(commonName, _intermediate, extend);
        using var key = certificate.GetECDsaPrivateKey()!;
        return string.Join('\n', key.ExportPkcs8PrivateKeyPem(), certificate.ExportCertificatePem(), IntermediatePem) + "\n";
    }

    private static X509Certificate2 Sign(string commonName, X509Certificate2? issuer, Action<CertificateRequest> extend)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName("CN=" + commonName), key, HashAlgorithmName.SHA256);
        extend(request);
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = TimeProvider.System.GetUtcNow();
        if (issuer is null)
        {
            return request.CreateSelfSigned(now.AddMinutes(-5), now.AddDays(2));
        }

        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, true, false));
        using var issuerKey = issuer.GetECDsaPrivateKey()!;
        using var signed = request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuerKey), now.AddMinutes(-4), now.AddDays(1), RandomNumberGenerator.GetBytes(16));
        return signed.CopyWithPrivateKey(key);
    }

    private static void Authority(CertificateRequest request, int pathLength)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, pathLength, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
    }

    private static void Leaf(CertificateRequest request)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
    }
}
