using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Testing;

namespace IoTPlatform.Pki.Signing.Tests.Interop;

/// <summary>Every profile's certificate in its real chain, as OpenSSL's strict mode sees it.</summary>
public sealed class OpenSslChainTests : IDisposable
{
    private readonly Hierarchy _pki = new();

    [SkippableFact]
    public async Task Verify_CaCertificates_AreAccepted()
    {
        await ShouldVerify(null, _pki.Root.Certificate, _pki.Root.Certificate);
        await ShouldVerify(null, _pki.Intermediate.Certificate, _pki.Root.Certificate);
        await ShouldVerify(null, _pki.Acme.Certificate, _pki.Intermediate.Certificate, _pki.Root.Certificate);
    }

    [SkippableFact]
    public async Task Verify_P256Root_IsAccepted()
    {
        using var pki = new Hierarchy(rootKey: KeyKind.P256);
        var leaf = Hierarchy.Load(Hierarchy.Issue(pki.Acme, pki.Template(Profiles.Device, Hierarchy.DeviceNames())));
        var result = await OpenSsl.VerifyAsync(pki.Now, "sslclient", leaf, pki.Acme.Certificate, pki.Intermediate.Certificate, pki.Root.Certificate);
        result.ExitCode.ShouldBe(0, result.Error);
    }

    [SkippableFact]
    public async Task Verify_ProviderService_IsServerAndClient()
    {
        var leaf = Issue(_pki.Intermediate, Profiles.Service, ServiceNames("iot.provider.example"));
        await ShouldVerify("sslserver", leaf, _pki.Intermediate.Certificate, _pki.Root.Certificate);
        await ShouldVerify("sslclient", leaf, _pki.Intermediate.Certificate, _pki.Root.Certificate);
    }

    [SkippableFact]
    public async Task Verify_TenantService_PassesTheNameConstraints()
    {
        var names = ServiceNames("iot.acme.example") with { Uris = [SpiffeId.Service("acme", Hierarchy.PlatformDomain, "api")] };
        await ShouldVerify("sslserver", AcmePath(Issue(_pki.Acme, Profiles.Service, names)));
    }

    [SkippableFact]
    public async Task Verify_Bridge_IsClientOnly()
    {
        var leaf = Issue(_pki.Intermediate, Profiles.MqttBridge, Hierarchy.BridgeNames());
        await ShouldVerify("sslclient", leaf, _pki.Intermediate.Certificate, _pki.Root.Certificate);
        await ShouldNotVerify("sslserver", leaf, _pki.Intermediate.Certificate, _pki.Root.Certificate);
    }

    [SkippableTheory]
    [InlineData(KeyKind.P256)]
    [InlineData(KeyKind.P384)]
    [InlineData(KeyKind.P521)]
    [InlineData(KeyKind.Rsa2048OrMore)]
    [InlineData(KeyKind.Ed25519)]
    public async Task Verify_Device_IsClientOnly(KeyKind key)
    {
        var path = AcmePath(Issue(_pki.Acme, Profiles.Device, Hierarchy.DeviceNames(), key));
        await ShouldVerify("sslclient", path);
        await ShouldNotVerify("sslserver", path);
        _pki.AcmeChain.Verify(path[0], CertificatePurpose.ClientAuth, _pki.Now).ShouldBeTrue();
    }

    [SkippableTheory]
    [InlineData(KeyKind.P256)]
    [InlineData(KeyKind.Rsa2048OrMore)]
    public async Task Verify_StepLeafOfEveryNameKind_IsAccepted(KeyKind key)
    {
        var names = SubjectNames.FromSans("x.acme.example", ["x.acme.example", "*.y.acme.example", "10.0.0.1", "2001:db8::1", "a@acme.example", "spiffe://acme.iotplatform.internal/x"]);
        await ShouldVerify("sslserver", AcmePath(Issue(_pki.Acme, Profiles.Leaf, names, key)));
    }

    [SkippableFact]
    public async Task Verify_LeafWithoutCommonName_IsAccepted() =>
        await ShouldVerify("sslserver", AcmePath(Issue(_pki.Acme, Profiles.Leaf, SubjectNames.FromSans(null, ["x.acme.example"]))));

    [SkippableFact]
    public async Task Verify_LeafWithUrlsAndStepExtension_IsAccepted()
    {
        var template = _pki.Template(Profiles.Leaf, SubjectNames.FromSans("x", ["x.acme.example"])) with
        {
            Validation = new ValidationAddress(new Uri("http://va.acme.example/")),
            StepProvisioner = new StepProvisionerExtension(StepProvisionerExtension.Jwk, "iot-bridge", "kid-1"),
        };
        var leaf = Hierarchy.Load(Hierarchy.Issue(_pki.Acme, template));

        await ShouldVerify("sslserver", AcmePath(leaf));
        var text = await OpenSsl.TextAsync(leaf);
        var issuer = Convert.ToHexStringLower(_pki.Acme.Issuer.SubjectKeyIdentifier.Span);
        text.ShouldContain($"URI:http://va.acme.example/crl/{issuer}/{leaf.SerialNumber[^2..].ToLowerInvariant()}.crl");
        text.ShouldContain("OCSP - URI:http://va.acme.example/ocsp");
        text.ShouldContain($"CA Issuers - URI:http://va.acme.example/ca/{issuer}.crt");
        text.ShouldContain("1.3.6.1.4.1.37476.9000.64.1:");
    }

    [SkippableFact]
    public async Task Verify_AcrossTheYear2050_TheTimesSwitchType()
    {
        using var pki = new Hierarchy(new DateTimeOffset(2049, 6, 1, 0, 0, 0, TimeSpan.Zero));
        var before = pki.Template(Profiles.Service, ServiceNames("x.acme.example")) with { NotAfter = new DateTimeOffset(2049, 12, 31, 23, 59, 59, TimeSpan.Zero) };
        var after = before with { NotAfter = new DateTimeOffset(2050, 1, 1, 0, 0, 0, TimeSpan.Zero) };

        var last = Hierarchy.Load(Hierarchy.Issue(pki.Acme, before));
        var first = Hierarchy.Load(Hierarchy.Issue(pki.Acme, after));

        Convert.ToHexString(last.RawData).ShouldContain(Convert.ToHexString([0x17, 0x0D, .. "491231235959Z"u8]));
        Convert.ToHexString(first.RawData).ShouldContain(Convert.ToHexString([0x18, 0x0F, .. "20500101000000Z"u8]));
        ParsedCertificate.Parse(last.RawData).NotAfter.ShouldBe(before.NotAfter);
        ParsedCertificate.Parse(first.RawData).NotAfter.ShouldBe(after.NotAfter);
        foreach (var leaf in new[] { last, first })
        {
            var result = await OpenSsl.VerifyAsync(before.NotAfter.AddSeconds(-1), "sslserver", leaf, pki.Acme.Certificate, pki.Intermediate.Certificate, pki.Root.Certificate);
            result.ExitCode.ShouldBe(0, result.Error);
            (await OpenSsl.VerifyAsync(after.NotAfter.AddSeconds(1), "sslserver", leaf, pki.Acme.Certificate, pki.Intermediate.Certificate, pki.Root.Certificate))
                .Error.ShouldContain("certificate has expired");
        }
    }

    public void Dispose() => _pki.Dispose();

    private static SubjectNames ServiceNames(string host) => SubjectNames.FromSans(host, [host]);

    private X509Certificate2 Issue(CaSigner signer, CertificateProfile profile, SubjectNames names, KeyKind key = KeyKind.P256) =>
        Hierarchy.Load(Hierarchy.Issue(signer, _pki.Template(profile, names, key)));

    private X509Certificate2[] AcmePath(X509Certificate2 leaf) => [leaf, _pki.Acme.Certificate, _pki.Intermediate.Certificate, _pki.Root.Certificate];

    private async Task ShouldVerify(string? purpose, params X509Certificate2[] path)
    {
        var result = await OpenSsl.VerifyAsync(_pki.Now, purpose, path);
        result.ExitCode.ShouldBe(0, result.Error);
    }

    private async Task ShouldNotVerify(string purpose, params X509Certificate2[] path) => (await OpenSsl.VerifyAsync(_pki.Now, purpose, path)).ExitCode.ShouldNotBe(0);
}
