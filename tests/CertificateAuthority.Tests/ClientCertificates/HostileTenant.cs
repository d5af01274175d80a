using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>A tenant with a genuine Sub-CA and no manners: it signs with its own tools, past every profile and lint.</summary>
internal sealed class HostileTenant : IDisposable
{
    private HostileTenant(ECDsa key, X509Certificate2 subCa)
    {
        Key = key;
        SubCa = subCa;
    }

    public ECDsa Key { get; }

    public X509Certificate2 SubCa { get; }

    public static async Task<HostileTenant> JoinAsync(CaHost provider)
    {
        var key = StepCaCalls.NewKey();
        var issued = await SubCaHost.SignAsync(provider, CertificateSigningRequest.CreatePem(key, new SubjectNames { CommonName = "acme Sub-CA" }));
        return new HostileTenant(key, Pem.ParseCertificate(issued.Pem));
    }

    /// <summary>A client certificate for any names; its issuer field and key identifier may be another CA's.</summary>
    public X509Certificate2 Leaf(string cn, string? dns, string uri, X509Certificate2? issuer = null)
    {
        using var key = StepCaCalls.NewKey();
        var request = new CertificateRequest(new X500DistinguishedName($"CN={cn}"), key, HashAlgorithmName.SHA256);
        var sans = new SubjectAlternativeNameBuilder();
        if (dns is not null)
        {
            sans.AddDnsName(dns);
        }

        sans.AddUri(new Uri(uri));
        request.CertificateExtensions.Add(sans.Build());
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(Oids.ServerAuth), new Oid(Oids.ClientAuth)], critical: false));
        issuer ??= SubCa;
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(issuer.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single()));
        var now = TimeProvider.System.GetUtcNow();
        using var leaf = request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(Key), now.AddMinutes(-1), now.AddHours(1), SerialNumber.Create(DateTimeOffset.UnixEpoch));
        return leaf.CopyWithPrivateKey(key);
    }

    public void Dispose()
    {
        Key.Dispose();
        SubCa.Dispose();
    }
}
