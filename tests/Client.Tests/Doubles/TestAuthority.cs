using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Client.Tests.Doubles;

/// <summary>A root and one issuing CA below it, made with the BCL and not with our own code.</summary>
internal sealed class TestAuthority : IDisposable
{
    private const string ServerAuth = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuth = "1.3.6.1.5.5.7.3.2";

    public TestAuthority(string name = "Test Root")
    {
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var root = new CertificateRequest($"CN={name}", rootKey, HashAlgorithmName.SHA256);
        AddCa(root, pathLength: 1);
        Root = root.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddYears(10));
        using var issuerKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var issuer = new CertificateRequest($"CN={name} Issuer", issuerKey, HashAlgorithmName.SHA256);
        AddCa(issuer, pathLength: 0);
        issuer.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Root, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        using var signed = issuer.Create(Root, TimeProvider.System.GetUtcNow().AddHours(-12), TimeProvider.System.GetUtcNow().AddYears(9), RandomNumberGenerator.GetBytes(16));
        Issuer = signed.CopyWithPrivateKey(issuerKey);
    }

    public X509Certificate2 Root { get; }
    public X509Certificate2 Issuer { get; }
    public string ChainPem => Issuer.ExportCertificatePem() + "\n" + Root.ExportCertificatePem() + "\n";
    public string RootPem => Root.ExportCertificatePem() + "\n";

    public X509Certificate2 Server(string dnsName = "localhost", bool expired = false, string usage = ServerAuth)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={dnsName}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(dnsName);
        if (dnsName == "localhost")
            names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = Issue(request, usage, expired ? now.AddHours(-2) : now.AddMinutes(-1), expired ? now.AddHours(-1) : now.AddDays(1));
        using var withKey = certificate.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }

    public X509Certificate2 NotAServer() => Server(usage: ClientAuth);

    /// <summary>Issues what the CSR asks for, without looking at it twice.</summary>
    public X509Certificate2 Device(string csrPem, DateTimeOffset notBefore, DateTimeOffset notAfter, string? otherName = null)
    {
        var asked = CertificateRequest.LoadSigningRequestPem(csrPem, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        return Issue(new CertificateRequest(otherName is null ? asked.SubjectName : new X500DistinguishedName($"CN={otherName}"), asked.PublicKey, HashAlgorithmName.SHA256), ClientAuth, notBefore, notAfter);
    }

    /// <summary>A certificate for a key known already, as a renewal that keeps the key gets.</summary>
    public X509Certificate2 Device(X509Certificate2 current, DateTimeOffset notBefore, DateTimeOffset notAfter) =>
        Issue(new CertificateRequest(current.SubjectName, current.PublicKey, HashAlgorithmName.SHA256), ClientAuth, notBefore, notAfter);

    public void Dispose()
    {
        Root.Dispose();
        Issuer.Dispose();
    }

    private X509Certificate2 Issue(CertificateRequest request, string usage, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        return request.Create(Issuer, notBefore, notAfter, RandomNumberGenerator.GetBytes(16));
    }

    private static void AddCa(CertificateRequest request, int pathLength)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, pathLength, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
    }
}
