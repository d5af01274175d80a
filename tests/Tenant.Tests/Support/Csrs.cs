using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Tenant.Tests.Support;

/// <summary>Requests no device should send, made with the BCL and not with our own code.</summary>
internal static class Csrs
{
    public static string Make(string kind, string deviceId) => kind switch
    {
        "empty" => "",
        "not a csr" => "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        "certificate" => Certificate(deviceId),
        "bad signature" => BadSignature(deviceId),
        "rsa 1024" => Rsa(deviceId, 1024, HashAlgorithmName.SHA256),
        "p-224" => Ec(deviceId, curve: ECCurve.CreateFromValue("1.3.132.0.33")),
        "sha-1" => Sha1(deviceId),
        "ca:true" => Ec(deviceId, extension: new X509BasicConstraintsExtension(true, false, 0, true)),
        "other cn" => Ec("other-device"),
        "other dns" => Ec(deviceId, names: n => n.AddDnsName("other-device")),
        "ip" => Ec(deviceId, names: n => n.AddIpAddress(IPAddress.Parse("10.0.0.1"))),
        "e-mail" => Ec(deviceId, names: n => n.AddEmailAddress("root@acme.example")),
        "other spiffe" => Ec(deviceId, names: n => n.AddUri(new Uri("spiffe://globex.iot.example/device/" + deviceId))),
        "two requests" => Ec(deviceId) + "\n" + Ec(deviceId),
        "huge" => Ec(deviceId, names: n => Enumerable.Range(0, 1000).ToList().ForEach(i => n.AddDnsName($"name-{i}.example"))),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static string Ec(
        string commonName, ECCurve? curve = null, X509Extension? extension = null, Action<SubjectAlternativeNameBuilder>? names = null)
    {
        using var key = ECDsa.Create(curve ?? ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256);
        if (extension is not null)
        {
            request.CertificateExtensions.Add(extension);
        }

        if (names is not null)
        {
            var builder = new SubjectAlternativeNameBuilder();
            names(builder);
            request.CertificateExtensions.Add(builder.Build());
        }
        return request.CreateSigningRequestPem();
    }

    private static string Rsa(string commonName, int bits, HashAlgorithmName hash)
    {
        using var key = RSA.Create(bits);
        return new CertificateRequest($"CN={commonName}", key, hash, RSASignaturePadding.Pkcs1).CreateSigningRequestPem();
    }

    private static string BadSignature(string commonName)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName($"CN={commonName}"), new PublicKey(key), HashAlgorithmName.SHA256);
        return request.CreateSigningRequestPem(X509SignatureGenerator.CreateForECDsa(other));
    }

    private static string Sha1(string commonName)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName($"CN={commonName}"), new PublicKey(key), HashAlgorithmName.SHA256);
        return request.CreateSigningRequestPem(new Sha1Signature(key));
    }

    private static string Certificate(string commonName)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256).CreateSelfSigned(now, now.AddDays(1));
        return certificate.ExportCertificatePem();
    }

    // The BCL refuses to make this by itself.
    private sealed class Sha1Signature(ECDsa key) : X509SignatureGenerator
    {
        public override byte[] GetSignatureAlgorithmIdentifier(HashAlgorithmName hashAlgorithm) => Convert.FromHexString("300906072A8648CE3D0401");

        public override byte[] SignData(byte[] data, HashAlgorithmName hashAlgorithm) =>
            key.SignData(data, HashAlgorithmName.SHA1, DSASignatureFormat.Rfc3279DerSequence);

        protected override PublicKey BuildPublicKey() => new(key);
    }
}
