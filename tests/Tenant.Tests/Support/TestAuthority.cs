using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Signing;

namespace IoTPlatform.Tenant.Tests.Support;

/// <summary>A root and an intermediate with real keys, in memory.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly CaSigner _root;

    public TestAuthority(string name = "Test")
    {
        var rootKey = CaKey.Generate(KeyKind.P384);
        _root = new CaSigner(CaSigner.SelfSign(rootKey, Template(Profiles.Root, rootKey.SubjectPublicKeyInfo, KeyKind.P384, $"{name} Root CA")), rootKey);
        Intermediate = SignIntermediate(name);
    }

    public X509Certificate2 Root => _root.Certificate;
    public CaSigner Intermediate { get; }

    /// <summary>The root's list.</summary>
    public byte[] RootList(long number, params CaSigner[] revoked) => _root.SignRevocationList(new RevocationListOrder
    {
        Number = number,
        ThisUpdate = TimeProvider.System.GetUtcNow(),
        NextUpdate = TimeProvider.System.GetUtcNow().AddDays(365),
        Revoked = [.. revoked.Select(ca => new RevokedSerial(ParsedCertificate.Parse(ca.Certificate.RawData).SerialNumber, TimeProvider.System.GetUtcNow(), RevocationReason.CaCompromise))],
    });

    public string RootKeyId => Convert.ToHexStringLower(_root.Issuer.SubjectKeyIdentifier.Span);

    public string Fingerprint => Pki.Fingerprint.Sha256Hex(Root.RawDataMemory.Span);
    public string RootPem => Pki.Files.Pem.Certificate(Root.RawDataMemory.Span);
    public string ChainPem => Pki.Files.Pem.Certificate(Intermediate.Certificate.RawDataMemory.Span) + RootPem;

    /// <summary>A leaf of the intermediate, with its key.</summary>
    public X509Certificate2 Leaf(CertificateProfile profile, SubjectNames names) => Leaf(Intermediate, profile, names);

    public static X509Certificate2 Leaf(CaSigner issuer, CertificateProfile profile, SubjectNames names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var issued = issuer.Issue(issuer.Prepare(Template(profile, key.ExportSubjectPublicKeyInfo(), KeyKind.P256, names)));
        using var certificate = X509CertificateLoader.LoadCertificate(issued.Der.Span);
        return certificate.CopyWithPrivateKey(key);
    }

    public string Sign(CertificateProfile profile, CertificateSigningRequest csr, SubjectNames names, NameConstraints? constraints = null) =>
        Intermediate.Issue(Intermediate.Prepare(Template(profile, csr.SubjectPublicKeyInfo, csr.Key, names) with { NameConstraints = constraints })).Pem;

    public void Dispose()
    {
        Intermediate.Dispose();
        _root.Dispose();
    }

    /// <summary>One more; the caller disposes it.</summary>
    public CaSigner SignIntermediate(string name)
    {
        var key = CaKey.Generate(KeyKind.P256);
        var issued = _root.Issue(_root.Prepare(Template(Profiles.Intermediate, key.SubjectPublicKeyInfo, KeyKind.P256, $"{name} Intermediate CA")));
        return new CaSigner(X509CertificateLoader.LoadCertificate(issued.Der.Span), key);
    }

    private static CertificateTemplate Template(CertificateProfile profile, ReadOnlyMemory<byte> spki, KeyKind key, string commonName) =>
        Template(profile, spki, key, new SubjectNames { CommonName = commonName });

    // An hour shorter each level, so that nothing outlives its issuer.
    private static CertificateTemplate Template(CertificateProfile profile, ReadOnlyMemory<byte> spki, KeyKind key, SubjectNames names)
    {
        var now = TimeProvider.System.GetUtcNow();
        return new CertificateTemplate
        {
            Profile = profile,
            SubjectPublicKeyInfo = spki,
            Key = key,
            Names = names,
            NotBefore = now - CertificateProfile.Backdate,
            NotAfter = now + profile.DefaultLifetime,
        };
    }
}
