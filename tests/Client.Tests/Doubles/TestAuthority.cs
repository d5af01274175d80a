using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Client.Tests.Doubles;

/// <summary>The platform's hierarchy, made with the BCL and not with our own code: root and Intermediate CA, and for a tenant a Sub-CA below it.</summary>
internal sealed class TestAuthority : IDisposable
{
    public const string PlatformDomain = "iot.example";
    private const string ServerAuth = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuth = "1.3.6.1.5.5.7.3.2";
    private readonly string? _tenant;

    private TestAuthority(X509Certificate2 root, string name, string? tenant, int pathLength)
    {
        _tenant = tenant;
        Root = root;
        Intermediate = IssueCa(Root, name, pathLength, years: 9, constraints: null);
        Issuer = tenant is null ? Intermediate : IssueSubCa(tenant);
    }

    /// <param name="name">In the CNs.</param>
    /// <param name="tenant">Whose Sub-CA issues; null: the provider's Intermediate CA does.</param>
    public TestAuthority(string name = "Test Root", string? tenant = null)
    {
        _tenant = tenant;
        using var rootKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var root = new CertificateRequest($"CN={name}", rootKey, HashAlgorithmName.SHA256);
        AddCa(root, pathLength: 2);
        Root = root.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddYears(10));
        Intermediate = IssueCa(Root, $"{name} Issuer", pathLength: 1, years: 9, constraints: null);
        Issuer = tenant is null ? Intermediate : IssueSubCa(tenant);
    }

    /// <summary>The same platform with another Intermediate CA. The root stays this one's.</summary>
    /// <param name="pathLength">Other than 1: a CA of that root which is not the platform's.</param>
    public TestAuthority WithAnotherIntermediate(int pathLength = 1) => new(X509CertificateLoader.LoadPkcs12(Root.Export(X509ContentType.Pkcs12), null), "Former Issuer", _tenant, pathLength);

    /// <summary>The root's list.</summary>
    public byte[] RootList(long number, params X509Certificate2[] revoked) =>
        TestRevocationList.CreateComplete(Root, number, TimeProvider.System.GetUtcNow().AddMinutes(-1), TimeProvider.System.GetUtcNow().AddDays(365), revoked);

    /// <summary>Where it is served.</summary>
    public string RootListPath => $"/crl/{Root.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifier!.ToLowerInvariant()}.crl";

    /// <summary>Another tenant's Sub-CA below the same Intermediate CA: what a hostile tenant holds.</summary>
    public X509Certificate2 IssueSubCa(string tenant) => IssueCa(Intermediate, $"{tenant} Sub-CA", pathLength: 0, years: 2, constraints: $"{tenant}.{PlatformDomain}");

    public X509Certificate2 Root { get; }
    public X509Certificate2 Intermediate { get; }
    public X509Certificate2 Issuer { get; }
    public X509Certificate2Collection Issuers => _tenant is null ? [Issuer] : [Issuer, Intermediate];
    public string ChainPem => string.Concat(Issuers.Append(Root).Select(ca => ca.ExportCertificatePem() + "\n"));
    public string TrustDomain => _tenant is null ? PlatformDomain : $"{_tenant}.{PlatformDomain}";
    public string ServiceId => $"spiffe://{TrustDomain}/service/{(_tenant is null ? "iot-bridge-api" : "tenant-iot-bridge-api")}";
    public string RootPem => Root.ExportCertificatePem() + "\n";

    /// <param name="dnsName">CN, and alternative name unless there is to be none.</param>
    /// <param name="expired">An hour ago.</param>
    /// <param name="usage">Extended key usage.</param>
    /// <param name="spiffeId">Null: the service's own.</param>
    /// <param name="issuer">Null: this authority's.</param>
    /// <param name="cnOnly">The host stands in the CN alone.</param>
    public X509Certificate2 Server(
        string dnsName = "localhost", bool expired = false, string usage = ServerAuth, string? spiffeId = null, X509Certificate2? issuer = null, bool cnOnly = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={dnsName}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri(spiffeId ?? ServiceId));
        if (!cnOnly)
        {
            names.AddDnsName(dnsName);
        }

        if (dnsName == "localhost" && !cnOnly)
        {
            names.AddIpAddress(IPAddress.Loopback);
        }

        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = Issue(request, usage, expired ? now.AddHours(-2) : now.AddMinutes(-1), expired ? now.AddHours(-1) : now.AddDays(60), issuer);
        using var withKey = certificate.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }

    public X509Certificate2 NotAServer() => Server(usage: ClientAuth);

    /// <summary>Issues what the CSR asks for, without looking at it twice.</summary>
    /// <param name="csrPem">Key and CN.</param>
    /// <param name="notBefore">Start of validity.</param>
    /// <param name="notAfter">End of validity.</param>
    /// <param name="otherName">Instead of the CSR's CN.</param>
    /// <param name="issuer">Null: this authority's.</param>
    /// <param name="spiffeId">Null: the device's own.</param>
    public X509Certificate2 Device(
        string csrPem, DateTimeOffset notBefore, DateTimeOffset notAfter, string? otherName = null, X509Certificate2? issuer = null, string? spiffeId = null)
    {
        var asked = CertificateRequest.LoadSigningRequestPem(csrPem, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions);
        return Device(otherName is null ? asked.SubjectName : new X500DistinguishedName($"CN={otherName}"), asked.PublicKey, notBefore, notAfter, issuer, spiffeId);
    }

    /// <summary>A certificate for a key known already, as a renewal that keeps the key gets.</summary>
    public X509Certificate2 Device(X509Certificate2 current, DateTimeOffset notBefore, DateTimeOffset notAfter) =>
        Device(current.SubjectName, current.PublicKey, notBefore, notAfter, issuer: null, spiffeId: null);

    public void Dispose()
    {
        Root.Dispose();
        Issuer.Dispose();
        Intermediate.Dispose();
    }

    private X509Certificate2 Device(
        X500DistinguishedName subject, PublicKey key, DateTimeOffset notBefore, DateTimeOffset notAfter, X509Certificate2? issuer, string? spiffeId)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256);
        var id = subject.Name["CN=".Length..];
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(id);
        names.AddUri(new Uri(spiffeId ?? $"spiffe://{TrustDomain}/device/{id}"));
        request.CertificateExtensions.Add(names.Build());
        return Issue(request, ClientAuth, notBefore, notAfter, issuer);
    }

    private static X509Certificate2 IssueCa(X509Certificate2 issuer, string name, int pathLength, int years, string? constraints)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        AddCa(request, pathLength);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        if (constraints is not null)
        {
            request.CertificateExtensions.Add(PermittedUri(constraints));
        }

        using var signed = request.Create(issuer, TimeProvider.System.GetUtcNow().AddHours(-12), TimeProvider.System.GetUtcNow().AddYears(years), Serial());
        return signed.CopyWithPrivateKey(key);
    }

    // NameConstraints { permittedSubtrees [0] { GeneralSubtree { uniformResourceIdentifier [6] } } }
    private static X509Extension PermittedUri(string host)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(new Asn1Tag(TagClass.ContextSpecific, 0)))
        using (writer.PushSequence())
        {
            writer.WriteCharacterString(UniversalTagNumber.IA5String, host, new Asn1Tag(TagClass.ContextSpecific, 6));
        }

        return new X509Extension("2.5.29.30", writer.Encode(), critical: true);
    }

    // Positive, and without a zero in front.
    private static byte[] Serial()
    {
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)(serial[0] & 0x7F | 0x40);
        return serial;
    }

    private X509Certificate2 Issue(CertificateRequest request, string usage, DateTimeOffset notBefore, DateTimeOffset notAfter, X509Certificate2? by = null)
    {
        var issuer = by ?? Issuer;
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        return request.Create(issuer, notBefore, notAfter, Serial());
    }

    private static void AddCa(CertificateRequest request, int pathLength)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, pathLength, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
    }
}
