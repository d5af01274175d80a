using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Stacks;

namespace IoTPlatform.EndToEnd.Tests.Hostile;

/// <summary>What a hostile tenant can do with the key it owns, or a thief with the key of a CA: sign anything, with no profile and no lint in the way.</summary>
internal sealed class StolenSubCa : IDisposable
{
    private readonly X509Certificate2 _issuer;
    private readonly ECDsa _key;

    private StolenSubCa(X509Certificate2 issuer, ECDsa key) => (_issuer, _key) = (issuer, key);

    public string CertificatePem => _issuer.ExportCertificatePem();

    public static StolenSubCa From(TenantStack tenant)
    {
        var key = ECDsa.Create();
        key.ImportFromEncryptedPem(File.ReadAllText(Directory.GetFiles(Path.Combine(tenant.Data, "sub-ca"), "key", SearchOption.AllDirectories).Single()), File.ReadAllText(Find(tenant, "ca-password")).Trim());
        return new StolenSubCa(X509Certificate2.CreateFromPem(File.ReadAllText(Find(tenant, "sub-ca.crt"))), key);
    }

    /// <summary>The key of the Intermediate CA that was replaced.</summary>
    public static StolenSubCa FormerIntermediate(ProviderStack provider)
    {
        var folder = Directory.GetDirectories(Path.Combine(provider.Data, "intermediates")).Single();
        var key = ECDsa.Create();
        key.ImportFromEncryptedPem(File.ReadAllText(Path.Combine(folder, "key")), File.ReadAllText(Path.Combine(provider.Data, "ca-password")).Trim());
        return new StolenSubCa(X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(folder, "certificate.crt"))), key);
    }

    public X509Certificate2 Sign(string commonName, Action<SubjectAlternativeNameBuilder> names)
    {
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var san = new SubjectAlternativeNameBuilder();
        names(san);
        using var certificate = Sign(
            commonName, leafKey, san.Build(), new X509BasicConstraintsExtension(false, false, 0, critical: true),
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true),
            new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.2"), new("1.3.6.1.5.5.7.3.1")], critical: false));
        return certificate.CopyWithPrivateKey(leafKey);
    }

    public StolenSubCa SignCa(string commonName, params X509Extension[] more)
    {
        var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new StolenSubCa(
            Sign(
                commonName, caKey,
                [
                    new X509BasicConstraintsExtension(true, false, 0, critical: true),
                    new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true), .. more,
                ]),
            caKey);
    }

    private X509Certificate2 Sign(string commonName, ECDsa subjectKey, params X509Extension[] extensions)
    {
        var request = new CertificateRequest($"CN={commonName}", subjectKey, HashAlgorithmName.SHA256);
        foreach (var extension in extensions)
        {
            request.CertificateExtensions.Add(extension);
        }

        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)(serial[0] & 0x7F | 0x40);
        var now = TimeProvider.System.GetUtcNow();
        return request.Create(_issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), now.AddMinutes(-1), now.AddHours(1), serial);
    }

    public void Dispose()
    {
        _issuer.Dispose();
        _key.Dispose();
    }

    private static string Find(TenantStack tenant, string name) =>
        Directory.GetFiles(tenant.Data, name, SearchOption.AllDirectories).OrderBy(path => path.Length).First();
}
