using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.CertificateAuthority.Tests.Imports;

/// <summary>A root and an intermediate that are not of this platform, and leaves of theirs.</summary>
internal sealed class OtherAuthority : IDisposable
{
    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();
    private readonly ECDsa _rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <param name="name">Of both.</param>
    /// <param name="keyId">Of the intermediate, as it says itself; null: that of its key.</param>
    public OtherAuthority(string name, string? keyId = null)
    {
        Root = Request($"CN={name} Root", _rootKey, 1).CreateSelfSigned(_now.AddDays(-2), _now.AddDays(300));
        Issuer = Signed(Request($"CN={name} Intermediate", _key, 0, keyId), Root, _rootKey, _now.AddDays(-1), _now.AddDays(200));
    }

    public X509Certificate2 Root { get; }

    public X509Certificate2 Issuer { get; }

    public string Id => Convert.ToHexStringLower(IssuerInfo.FromCertificate(Issuer).SubjectKeyIdentifier.Span);

    public ImportIssuerRequest Import(string? password = null, params string[] names) => new()
    {
        Chain = Pem.Certificates([Issuer, Root]),
        Key = password is null
            ? _key.ExportECPrivateKeyPem()
            : _key.ExportEncryptedPkcs8PrivateKeyPem(password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)),
        Password = password,
        Names = names,
    };

    public ImportIssuerRequest ImportWithoutKey(params string[] names) => new() { Chain = Pem.Certificates([Issuer, Root]), Names = names };

    /// <summary>Issuer and certificates.</summary>
    public async Task ImportAsync(HttpClient admin, ImportIssuerRequest issuer, params ImportedCertificate[] items)
    {
        using var first = await admin.PostAsJsonAsync("/portal/imports/issuers", issuer, ContractsJson.Default.ImportIssuerRequest);
        first.StatusCode.ShouldBe(HttpStatusCode.OK, await first.Content.ReadAsStringAsync());
        using var second = await admin.PostAsJsonAsync("/portal/imports/certificates", new ImportCertificatesRequest { Issuer = Id, Items = items }, ContractsJson.Default.ImportCertificatesRequest);
        second.StatusCode.ShouldBe(HttpStatusCode.OK, await second.Content.ReadAsStringAsync());
        (await second.Content.ReadFromJsonAsync(ContractsJson.Default.ImportResult))!.Imported.ShouldBe(items.Length);
    }

    /// <summary>With its key.</summary>
    public X509Certificate2 Leaf(string name, ECDsa? key = null, TimeSpan? age = null, string? commonName = null)
    {
        var own = key ?? ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={commonName ?? name}", own, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(Oids.ServerAuth), new Oid(Oids.ClientAuth)], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(names.Build());
        var from = _now - (age ?? TimeSpan.FromMinutes(5));
        using var certificate = Signed(request, Issuer, _key, from, from.AddDays(1));
        return certificate.CopyWithPrivateKey(own);
    }

    public X509Certificate2 SubCa()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Signed(Request("CN=Sub", key, 0), Issuer, _key, _now.AddHours(-1), _now.AddDays(1));
    }

    public static ImportedCertificate Item(X509Certificate2 certificate, ImportedRevocation? revocation = null) =>
        new() { Certificate = Convert.ToBase64String(certificate.RawData), Provisioner = "iot-bridge", Revocation = revocation };

    public void Dispose()
    {
        _rootKey.Dispose();
        _key.Dispose();
    }

    private static CertificateRequest Request(string name, ECDsa key, int pathLength, string? keyId = null)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLength, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(keyId is null ? new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false) : new X509SubjectKeyIdentifierExtension(keyId, critical: false));
        return request;
    }

    private static X509Certificate2 Signed(CertificateRequest request, X509Certificate2 issuer, ECDsa key, DateTimeOffset from, DateTimeOffset to)
    {
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        return request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(key), from, to, SerialNumber.Create(DateTimeOffset.UnixEpoch));
    }
}
