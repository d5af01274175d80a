using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki.Signing.Tests;

/// <summary>Root, intermediate and two tenants' Sub-CAs as the platform makes them; the tenant "acme" is the hostile one, so its raw key is at hand.</summary>
internal sealed class Hierarchy : IDisposable
{
    public const string PlatformDomain = "iotplatform.internal";
    public static readonly DateTimeOffset DefaultNow = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    public static readonly string[] ProviderNames =
    [
        "iot.provider.example", "broker.provider.example", "keycloak.id.provider.example", "login.example", "provider", "192.0.2.7", "2001:db8::7", "localhost", "127.0.0.1",
    ];

    public Hierarchy(DateTimeOffset? now = null, KeyKind rootKey = KeyKind.P384)
    {
        Now = now ?? DefaultNow;
        var rootCaKey = CaKey.Generate(rootKey);
        Root = new CaSigner(
            CaSigner.SelfSign(rootCaKey, Template(Profiles.Root, rootCaKey.SubjectPublicKeyInfo, rootKey, new SubjectNames { CommonName = "Test Root CA" })), rootCaKey);
        var intermediateKey = CaKey.Generate(KeyKind.P256);
        Intermediate = Signer(
            Root.Issue(Root.Prepare(Template(Profiles.Intermediate, intermediateKey.SubjectPublicKeyInfo, KeyKind.P256, new SubjectNames { CommonName = "Test Intermediate CA" }))),
            intermediateKey);
        AcmeKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Acme = SubCa("acme", AcmeKey);
        using var globexKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Globex = SubCa("globex", globexKey);
    }

    public DateTimeOffset Now { get; }

    public CaSigner Root { get; }

    public CaSigner Intermediate { get; }

    public CaSigner Acme { get; }

    public CaSigner Globex { get; }

    public ECDsa AcmeKey { get; }

    public CertificateChain AcmeChain => new([Acme.Certificate, Intermediate.Certificate, Root.Certificate]);

    public CertificateChain IntermediateChain => new([Intermediate.Certificate, Root.Certificate]);

    public static SubjectNames DeviceNames(string tenant = "acme", string id = "sensor-1") =>
        new() { CommonName = id, Dns = [id], Uris = [SpiffeId.Device(tenant, PlatformDomain, id)] };

    public static SubjectNames BridgeNames(string tenant = "acme") =>
        new() { CommonName = MqttBridgeName.For(tenant), Uris = [SpiffeId.Bridge(tenant, PlatformDomain)] };

    public static byte[] NewKey(KeyKind kind = KeyKind.P256)
    {
        if (kind == KeyKind.Rsa2048OrMore)
        {
            using var rsa = RSA.Create(2048);
            return rsa.ExportSubjectPublicKeyInfo();
        }

        if (kind == KeyKind.Ed25519)
        {
            // RFC 8410 4 around the public key of RFC 8032 7.1, test 2
            return Convert.FromHexString("302A300506032B65700321003D4017C3E843895A92B70AA74D1B7EBC9C982CCF2EC4968CC0CD55F12AF4660C");
        }

        using var key = CaKey.Generate(kind);
        return key.SubjectPublicKeyInfo;
    }

    public CertificateTemplate Template(CertificateProfile profile, byte[] key, KeyKind kind, SubjectNames names) => new()
    {
        Profile = profile,
        SubjectPublicKeyInfo = key,
        Key = kind,
        Names = names,
        NotBefore = Now - CertificateProfile.Backdate,
        NotAfter = Now + profile.DefaultLifetime,
    };

    public CertificateTemplate Template(CertificateProfile profile, SubjectNames names, KeyKind kind = KeyKind.P256) => Template(profile, NewKey(kind), kind, names);

    public static SignedCertificate Issue(CaSigner signer, CertificateTemplate template) => signer.Issue(signer.Prepare(template));

    public static X509Certificate2 Load(SignedCertificate certificate) => X509CertificateLoader.LoadCertificate(certificate.Der.Span);

    public void Dispose()
    {
        Root.Dispose();
        Intermediate.Dispose();
        Acme.Dispose();
        Globex.Dispose();
        AcmeKey.Dispose();
    }

    private CaSigner SubCa(string tenant, ECDsa key)
    {
        var csr = CertificateSigningRequest.ParsePem(CertificateSigningRequest.CreatePem(key, new SubjectNames { CommonName = $"{tenant} Sub-CA" }));
        var template = Template(Profiles.TenantSubCa, csr.SubjectPublicKeyInfo.ToArray(), csr.Key, csr.Names) with
        {
            NameConstraints = NameConstraints.ForTenant(SpiffeId.TrustDomain(tenant, PlatformDomain), ProviderNames, []),
        };
        return Signer(Issue(Intermediate, template), new CaKey(ECDsa.Create(key.ExportParameters(includePrivateParameters: true))));
    }

    private static CaSigner Signer(SignedCertificate certificate, CaKey key) => new(Load(certificate), key);
}
