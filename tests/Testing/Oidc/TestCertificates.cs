using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Testing;

/// <summary>A root of its own and a server certificate for loopback under it.</summary>
public sealed class TestCertificates : IDisposable
{
    private readonly X509Certificate2 _root;

    public TestCertificates(TempFolder folder)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var root = new CertificateRequest("CN=Test root", rootKey, HashAlgorithmName.SHA256);
        root.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        root.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        _root = root.CreateSelfSigned(now.AddDays(-1), now.AddDays(30));
        RootFile = folder.Combine("root.pem");
        File.WriteAllText(RootFile, _root.ExportCertificatePem());

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var server = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        server.CertificateExtensions.Add(names.Build());
        server.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        using var certificate = server.Create(_root, now.AddDays(-1), now.AddDays(7), RandomNumberGenerator.GetBytes(16));
        Server = certificate.CopyWithPrivateKey(key);
        ServerFile = folder.Combine("server.pem");
        ServerKeyFile = folder.Combine("server.key");
        File.WriteAllText(ServerFile, Server.ExportCertificatePem());
        File.WriteAllText(ServerKeyFile, key.ExportPkcs8PrivateKeyPem());
    }

    public X509Certificate2 Server { get; }

    public string RootFile { get; }

    public string ServerFile { get; }

    public string ServerKeyFile { get; }

    public void Dispose()
    {
        Server.Dispose();
        _root.Dispose();
    }
}
