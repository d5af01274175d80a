using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;

namespace IoTPlatform.Provider.Tests.Support;

/// <summary>A tenant that uses its Sub-CA key as it likes: no profile and no lint in the way.</summary>
internal sealed class HostileTenant : IDisposable
{
    private readonly ECDsa _subCaKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _bridgeKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public JoinRequest Request() => new()
    {
        SubCaCsr = CertificateSigningRequest.CreatePem(_subCaKey, new SubjectNames()),
        MqttBridgeCsr = CertificateSigningRequest.CreatePem(_bridgeKey, new SubjectNames()),
    };

    /// <summary>A leaf with any CN and SANs, fit for client and server.</summary>
    public X509Certificate2 Sign(JoinBundle bundle, string commonName, Action<SubjectAlternativeNameBuilder> names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var issuer = X509Certificate2.CreateFromPem(bundle.SignedCert);
        return Sign(issuer.SubjectName, X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, true, false), key, commonName, names);
    }

    /// <summary>A leaf that claims the Intermediate CA as its issuer, in name and key id, but is signed by the Sub-CA's key.</summary>
    public X509Certificate2 Forge(X509Certificate2 intermediate, string commonName, Action<SubjectAlternativeNameBuilder> names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Sign(intermediate.SubjectName, X509AuthorityKeyIdentifierExtension.CreateFromCertificate(intermediate, true, false), key, commonName, names);
    }

    public X509Certificate2 WithBridgeKey(string pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        return certificate.CopyWithPrivateKey(_bridgeKey);
    }

    public void Dispose()
    {
        _subCaKey.Dispose();
        _bridgeKey.Dispose();
    }

    private X509Certificate2 Sign(X500DistinguishedName issuer, X509Extension authorityKey, ECDsa key, string commonName, Action<SubjectAlternativeNameBuilder> names)
    {
        var request = new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256);
        var sans = new SubjectAlternativeNameBuilder();
        names(sans);
        request.CertificateExtensions.Add(sans.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(Oids.ClientAuth), new Oid(Oids.ServerAuth)], critical: false));
        request.CertificateExtensions.Add(authorityKey);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.Create(issuer, X509SignatureGenerator.CreateForECDsa(_subCaKey), now.AddMinutes(-5), now.AddHours(1), SerialNumber.Create(DateTimeOffset.UnixEpoch));
        return certificate.CopyWithPrivateKey(key);
    }
}
