using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Testing;

namespace IoTPlatform.Pki.Signing.Tests.Attacks;

/// <summary>
/// A tenant owns its Sub-CA key. Where name constraints or the path length decide, OpenSSL, .NET and our own rules each have to refuse; where
/// they don't, <see cref="IssuerInfo.HasSigned"/> of the intermediate has to.
/// </summary>
public sealed class HostileTenantTests : IDisposable
{
    private readonly Hierarchy _pki = new();

    public static TheoryData<string, string> ForbiddenNames { get; } = new()
    {
        { "a provider service", "iot.provider.example" },
        { "a host below a provider service", "x.iot.provider.example" },
        { "the provider's short name", "provider" },
        { "a wildcard that matches a provider service", "*.provider.example" },
        { "a provider service in upper case", "IOT.PROVIDER.EXAMPLE" },
        { "the provider's IPv4 address", "192.0.2.7" },
        { "the provider's IPv6 address", "2001:db8::7" },
        { "a foreign tenant's device", "spiffe://globex.iotplatform.internal/device/sensor-1" },
        { "a foreign tenant's bridge", "spiffe://globex.iotplatform.internal/mqtt-bridge" },
        { "a service of the provider", "spiffe://iotplatform.internal/service/api" },
        { "a trust domain below its own", "spiffe://x.acme.iotplatform.internal/device/sensor-1" },
        { "a web address of somebody else", "https://globex.iotplatform.internal/" },
        { "a URI without a host", "urn:acme:sensor-1" },
    };

    [SkippableTheory]
    [MemberData(nameof(ForbiddenNames))]
    public async Task Sign_ForbiddenName_OpenSslRefuses(string _, string name)
    {
        var path = Path(HostileTenant.Sign(_pki, SubjectNames.FromSans("sensor-1", ["sensor-1", name])));

        var result = await OpenSsl.VerifyAsync(_pki.Now, "sslclient", path);

        result.ExitCode.ShouldNotBe(0);
        result.Error.ShouldMatch("(permitted|excluded) subtree violation|unsupported name constraint syntax|unsupported or invalid name syntax");
    }

    [Theory]
    [MemberData(nameof(ForbiddenNames))]
    public void Sign_ForbiddenName_OurChainCheckRefuses(string _, string name)
    {
        using var leaf = HostileTenant.Sign(_pki, SubjectNames.FromSans("sensor-1", ["sensor-1", name]));

        _pki.AcmeChain.Verify(leaf, CertificatePurpose.ClientAuth, _pki.Now).ShouldBeFalse();
        OurRules(leaf).IsValid.ShouldBeFalse();
        CertificateLint.Check(leaf.RawData, Profiles.Leaf, _pki.Acme.Issuer).Select(f => f.Code).ShouldContain("issuer_name_constraints");
    }

    [Theory]
    [MemberData(nameof(ForbiddenNames))]
    public void Prepare_ForbiddenName_OurSignerRefuses(string _, string name) =>
        ((Action)(() => _pki.Acme.Prepare(_pki.Template(Profiles.Leaf, SubjectNames.FromSans("sensor-1", ["sensor-1", name]))))).ShouldBeRefused(PkiError.NameNotAllowed);

    /// <summary>Names whose host verifiers read differently: OpenSSL may let them pass, ours must not.</summary>
    [Theory]
    [InlineData("spiffe://acme.iotplatform.internal:x@globex.iotplatform.internal/device/1")]
    [InlineData("spiffe://acme.iotplatform.internal@globex.iotplatform.internal/device/1")]
    [InlineData("spiffe://globex.iotplatform.internal#.acme.iotplatform.internal/device/1")]
    [InlineData("spiffe:/globex.iotplatform.internal/device/1")]
    public void Sign_AmbiguousUri_OurChainCheckRefuses(string uri)
    {
        using var leaf = HostileTenant.Sign(_pki, new SubjectNames { CommonName = "sensor-1", Uris = [uri] });

        OurRules(leaf).IsValid.ShouldBeFalse();
        _pki.AcmeChain.Verify(leaf, CertificatePurpose.ClientAuth, _pki.Now).ShouldBeFalse();
        CertificateLint.Check(leaf.RawData, Profiles.Leaf, _pki.Acme.Issuer).Select(f => f.Code).ShouldContain("name_form");
    }

    [SkippableFact]
    public async Task Sign_MappedProviderAddress_IsRefused()
    {
        var leaf = HostileTenant.Sign(_pki, new SubjectNames { CommonName = "sensor-1", Ip = [IPAddress.Parse("::ffff:192.0.2.7")] });

        (await OpenSsl.VerifyAsync(_pki.Now, "sslserver", Path(leaf))).Error.ShouldContain("excluded subtree violation");
        OurRules(leaf).IsValid.ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Sign_ProviderNameAsCommonNameOnly_IsRefused()
    {
        var leaf = HostileTenant.Sign(_pki, new SubjectNames { CommonName = "iot.provider.example" });

        (await OpenSsl.VerifyAsync(_pki.Now, "sslserver", Path(leaf))).Error.ShouldContain("excluded subtree violation");
        OurRules(leaf).IsValid.ShouldBeFalse();
        _pki.AcmeChain.Verify(leaf, CertificatePurpose.ServerAuth, _pki.Now).ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Sign_CaCertificate_NothingBelowItIsAccepted()
    {
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leafKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var ca = HostileTenant.Sign(_pki, new SubjectNames { CommonName = "acme hidden CA" }, HostileTenant.AsCa, caKey);
        using var leaf = HostileTenant.Sign(_pki, ca, caKey, SubjectNames.FromSans("sensor-1", ["sensor-1"]), HostileTenant.AsLeaf, leafKey);

        var result = await OpenSsl.VerifyAsync(_pki.Now, "sslclient", leaf, ca, _pki.Acme.Certificate, _pki.Intermediate.Certificate, _pki.Root.Certificate);
        result.Error.ShouldContain("path length constraint exceeded");

        var verification = ChainVerifier.Verify(leaf, [ca, _pki.Acme.Certificate, _pki.Intermediate.Certificate], [_pki.Root.Certificate], CertificatePurpose.Any, _pki.Now);
        verification.IsValid.ShouldBeFalse();
        PathRules.Check([.. new[] { leaf, ca, _pki.Acme.Certificate, _pki.Intermediate.Certificate, _pki.Root.Certificate }.Select(c => ParsedCertificate.Parse(c.RawData))], CertificatePurpose.Any, _pki.Now)
            .Reason.ShouldBe("The path is longer than a CA allows.");
    }

    [Fact]
    public void Sign_CaCertificate_IsItselfRefused()
    {
        using var ca = HostileTenant.Sign(_pki, new SubjectNames { CommonName = "acme hidden CA" }, HostileTenant.AsCa);

        foreach (var purpose in Enum.GetValues<CertificatePurpose>())
        {
            ChainVerifier.Verify(ca, _pki.AcmeChain.Intermediates, [_pki.Root.Certificate], purpose, _pki.Now).IsValid.ShouldBeFalse();
        }

        CertificateLint.Check(ca.RawData, Profiles.Leaf, _pki.Acme.Issuer).Select(f => f.Code).ShouldContain("ca_flag");
        CertificateLint.Check(ca.RawData, Profiles.TenantSubCa, _pki.Acme.Issuer).Select(f => f.Code).ShouldContain("issuer_path_length");
    }

    [SkippableFact]
    public async Task Sign_WithADeviceKey_IsRefused()
    {
        using var deviceKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var device = Hierarchy.Load(Hierarchy.Issue(_pki.Acme, _pki.Template(Profiles.Device, deviceKey.ExportSubjectPublicKeyInfo(), KeyKind.P256, Hierarchy.DeviceNames())));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var leaf = HostileTenant.Sign(_pki, device, deviceKey, SubjectNames.FromSans("sensor-2", ["sensor-2"]), HostileTenant.AsLeaf, key);

        (await OpenSsl.VerifyAsync(_pki.Now, "sslclient", leaf, device, _pki.Acme.Certificate, _pki.Intermediate.Certificate, _pki.Root.Certificate)).ExitCode.ShouldNotBe(0);
        ChainVerifier.Verify(leaf, [device, _pki.Acme.Certificate, _pki.Intermediate.Certificate], [_pki.Root.Certificate], CertificatePurpose.Any, _pki.Now).IsValid.ShouldBeFalse();
    }

    /// <summary>Name constraints do not cover CNs, so only the direct issuer distinguishes a bridge from a fake.</summary>
    [Fact]
    public void Sign_ForeignBridgeName_IsNotFromTheIntermediate()
    {
        using var fake = HostileTenant.Sign(_pki, new SubjectNames { CommonName = "globex-mqtt-bridge" });
        var real = Hierarchy.Issue(_pki.Intermediate, _pki.Template(Profiles.MqttBridge, Hierarchy.BridgeNames("globex")));

        _pki.Intermediate.Issuer.HasSigned(ParsedCertificate.Parse(fake.RawData)).ShouldBeFalse();
        _pki.Intermediate.Issuer.HasSigned(ParsedCertificate.Parse(real.Der)).ShouldBeTrue();
        CertificateLint.Check(fake.RawData, Profiles.MqttBridge, _pki.Acme.Issuer).Select(f => f.Code).ShouldContain("issuer_path_length");
    }

    /// <summary>Issuer name and key identifier can be copied, the signature can't.</summary>
    [Fact]
    public void Sign_InTheNameOfTheIntermediate_IsNotFromIt()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var fake = HostileTenant.Sign(_pki, _pki.Intermediate.Certificate, _pki.AcmeKey, Hierarchy.BridgeNames("globex"), HostileTenant.AsLeaf, key);

        _pki.Intermediate.Issuer.HasSigned(ParsedCertificate.Parse(fake.RawData)).ShouldBeFalse();
        ChainVerifier.Verify(fake, _pki.IntermediateChain.Intermediates, [_pki.Root.Certificate], CertificatePurpose.ClientAuth, _pki.Now).IsValid.ShouldBeFalse();
    }

    /// <summary>The Sub-CA certificate comes from the intermediate and the tenant has its key: it must not pass as a client or server.</summary>
    [SkippableFact]
    public async Task Use_SubCaCertificateAsAClient_IsRefused()
    {
        var subCa = _pki.Acme.Certificate;

        ChainVerifier.Verify(subCa, [_pki.Intermediate.Certificate], [_pki.Root.Certificate], CertificatePurpose.CertificateAuthority, _pki.Now).IsValid.ShouldBeTrue();
        ChainVerifier.Verify(subCa, [_pki.Intermediate.Certificate], [_pki.Root.Certificate], CertificatePurpose.ClientAuth, _pki.Now).IsValid.ShouldBeFalse();
        ChainVerifier.Verify(subCa, [_pki.Intermediate.Certificate], [_pki.Root.Certificate], CertificatePurpose.ServerAuth, _pki.Now).IsValid.ShouldBeFalse();
        (await OpenSsl.VerifyAsync(_pki.Now, "sslclient", subCa, _pki.Intermediate.Certificate, _pki.Root.Certificate)).ExitCode.ShouldNotBe(0);
    }

    public void Dispose() => _pki.Dispose();

    private X509Certificate2[] Path(X509Certificate2 leaf) => [leaf, _pki.Acme.Certificate, _pki.Intermediate.Certificate, _pki.Root.Certificate];

    /// <summary>Without the platform's X509Chain, which might have refused first.</summary>
    private ChainVerification OurRules(X509Certificate2 leaf) => PathRules.Check([.. Path(leaf).Select(c => ParsedCertificate.Parse(c.RawData))], CertificatePurpose.Any, _pki.Now);
}
