using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki.Signing.Tests.Issuing;

public sealed class CaSignerTests : IDisposable
{
    private readonly Hierarchy _pki = new();

    [Fact]
    public void Issue_Prepared_SignsExactlyThat()
    {
        var prepared = _pki.Acme.Prepare(_pki.Template(Profiles.Device, Hierarchy.DeviceNames()));
        var issued = _pki.Acme.Issue(prepared);
        var parsed = ParsedCertificate.Parse(issued.Der);

        parsed.TbsCertificate.ToArray().ShouldBe(prepared.TbsCertificate.ToArray());
        parsed.SerialNumber.ToArray().ShouldBe(prepared.SerialNumber);
        issued.SerialNumber.ShouldBe(prepared.SerialNumber);
        issued.Pem.ShouldStartWith("-----BEGIN CERTIFICATE-----\n");
        _pki.Acme.Issuer.HasSigned(parsed).ShouldBeTrue();
        _pki.Globex.Issuer.HasSigned(parsed).ShouldBeFalse();
        issued.NotAfter.ShouldBe(parsed.NotAfter);
        issued.NotBefore.ShouldBe(parsed.NotBefore);
    }

    [Fact]
    public void Issue_SameTokenTwice_IsRefused()
    {
        var prepared = _pki.Acme.Prepare(_pki.Template(Profiles.Device, Hierarchy.DeviceNames()));
        _pki.Acme.Issue(prepared);
        ((Action)(() => _pki.Acme.Issue(prepared))).ShouldBeRefused(PkiError.TokenUsed);
    }

    [Fact]
    public void Issue_SameTokenByManyThreads_WorksOnce()
    {
        var prepared = _pki.Acme.Prepare(_pki.Template(Profiles.Device, Hierarchy.DeviceNames()));
        var issued = 0;
        Parallel.For(0, 64, _ =>
        {
            try
            {
                _pki.Acme.Issue(prepared);
                Interlocked.Increment(ref issued);
            }
            catch (PkiException e) when (e.Error == PkiError.TokenUsed)
            {
            }
        });
        issued.ShouldBe(1);
    }

    [Fact]
    public void Issue_TokenOfAnotherSigner_IsRefusedAndStaysUsable()
    {
        var prepared = _pki.Acme.Prepare(_pki.Template(Profiles.Device, Hierarchy.DeviceNames()));
        ((Action)(() => _pki.Globex.Issue(prepared))).ShouldBeRefused(PkiError.WrongIssuer);
        _pki.Acme.Issue(prepared).Der.IsEmpty.ShouldBeFalse();
    }

    [Fact]
    public void Issue_ManyThreads_EveryCertificateIsGoodAndNew()
    {
        var serials = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
        var template = _pki.Template(Profiles.Device, Hierarchy.DeviceNames());
        Parallel.For(0, 400, _ =>
        {
            var issued = Hierarchy.Issue(_pki.Acme, template);
            _pki.Acme.Issuer.HasSigned(ParsedCertificate.Parse(issued.Der)).ShouldBeTrue();
            serials.TryAdd(Pki.SerialNumber.ToHex(issued.SerialNumber), true).ShouldBeTrue();
        });
        serials.Count.ShouldBe(400);
    }

    [Fact]
    public void Prepare_DoesNotTouchTheCaKey()
    {
        var key = CaKey.Generate(KeyKind.P256);
        using var signer = new CaSigner(
            Hierarchy.Load(Hierarchy.Issue(_pki.Root, _pki.Template(Profiles.Intermediate, key.SubjectPublicKeyInfo, KeyKind.P256, new SubjectNames { CommonName = "x" }))), key);
        key.Dispose();

        var prepared = signer.Prepare(_pki.Template(Profiles.Service, SubjectNames.FromSans("x.example", ["x.example"])));

        Should.Throw<ObjectDisposedException>(() => signer.Issue(prepared));
    }

    [Fact]
    public void Prepare_OutlivingTheIssuer_IsRefused()
    {
        var template = _pki.Template(Profiles.Service, SubjectNames.FromSans("x.example", ["x.example"]));
        var end = _pki.Acme.Issuer.NotAfter;
        var atTheEnd = template with { NotBefore = end.AddDays(-1), NotAfter = end };

        _pki.Acme.Prepare(atTheEnd).NotAfter.ShouldBe(end);
        ((Action)(() => _pki.Acme.Prepare(atTheEnd with { NotAfter = end.AddSeconds(1) }))).ShouldBeRefused(PkiError.OutlivesIssuer);
    }

    [Fact]
    public void Prepare_LifetimeBeyondTheProfile_IsRefused()
    {
        var template = _pki.Template(Profiles.DeviceFor(TimeSpan.FromHours(1)), Hierarchy.DeviceNames());
        _pki.Acme.Prepare(template);
        ((Action)(() => _pki.Acme.Prepare(template with { NotAfter = template.NotAfter.AddSeconds(1) }))).ShouldBeRefused(PkiError.ProfileViolation);
        ((Action)(() => _pki.Acme.Prepare(template with { NotAfter = template.NotBefore }))).ShouldBeRefused(PkiError.ProfileViolation);
    }

    [Fact]
    public void Prepare_ProfileTheIssuerMayNotIssue_IsRefused()
    {
        var subCa = _pki.Template(Profiles.TenantSubCa, new SubjectNames { CommonName = "x" }) with { NameConstraints = _pki.Acme.Issuer.NameConstraints };
        ((Action)(() => _pki.Acme.Prepare(subCa with { NotAfter = _pki.Acme.Issuer.NotAfter }))).ShouldBeRefused(PkiError.ProfileViolation);
        ((Action)(() => _pki.Acme.Prepare(_pki.Template(Profiles.MqttBridge, Hierarchy.BridgeNames())))).ShouldBeRefused(PkiError.ProfileViolation);
        ((Action)(() => _pki.Intermediate.Prepare(_pki.Template(Profiles.Intermediate, new SubjectNames { CommonName = "x" }) with { NotAfter = _pki.Intermediate.Issuer.NotAfter })))
            .ShouldBeRefused(PkiError.ProfileViolation);
    }

    [Fact]
    public void Prepare_NameConstraints_OnlyAndAlwaysOnASubCa()
    {
        var constraints = _pki.Acme.Issuer.NameConstraints;
        ((Action)(() => _pki.Intermediate.Prepare(_pki.Template(Profiles.TenantSubCa, new SubjectNames { CommonName = "x" })))).ShouldBeRefused(PkiError.ProfileViolation);
        ((Action)(() => _pki.Intermediate.Prepare(_pki.Template(Profiles.Service, SubjectNames.FromSans("x.example", ["x.example"])) with { NameConstraints = constraints })))
            .ShouldBeRefused(PkiError.ProfileViolation);
    }

    [Theory]
    [InlineData(KeyKind.P384)]
    [InlineData(KeyKind.Rsa2048OrMore)]
    public void Prepare_KeyTheProfileDoesNotAllow_IsRefused(KeyKind kind) =>
        ((Action)(() => _pki.Intermediate.Prepare(_pki.Template(Profiles.Service, SubjectNames.FromSans("x.example", ["x.example"]), kind)))).ShouldBeRefused(PkiError.ProfileViolation);

    [Fact]
    public void Prepare_KeyKindThatIsNotTheKeys_IsRefused() =>
        ((Action)(() => _pki.Acme.Prepare(_pki.Template(Profiles.Device, Hierarchy.NewKey(KeyKind.P384), KeyKind.P256, Hierarchy.DeviceNames())))).ShouldBeRefused(PkiError.ProfileViolation);

    [Fact]
    public void Prepare_BrokenKey_IsRefused() =>
        ((Action)(() => _pki.Acme.Prepare(_pki.Template(Profiles.Device, Hierarchy.NewKey()[..^1], KeyKind.P256, Hierarchy.DeviceNames())))).ShouldBeRefused(PkiError.Malformed);

    public static TheoryData<string, SubjectNames> BadDeviceNames { get; } = new()
    {
        { "no URI", new SubjectNames { CommonName = "d", Dns = ["d"] } },
        { "no DNS name", new SubjectNames { CommonName = "d", Uris = ["spiffe://acme.iotplatform.internal/device/d"] } },
        { "no CN", new SubjectNames { Dns = ["d"], Uris = ["spiffe://acme.iotplatform.internal/device/d"] } },
        { "another DNS name", Hierarchy.DeviceNames() with { Dns = ["other"] } },
        { "two DNS names", Hierarchy.DeviceNames() with { Dns = ["sensor-1", "other"] } },
        { "another device's URI", Hierarchy.DeviceNames() with { Uris = ["spiffe://acme.iotplatform.internal/device/other"] } },
        { "a service's URI", Hierarchy.DeviceNames() with { Uris = ["spiffe://acme.iotplatform.internal/service/sensor-1"] } },
        { "two URIs", Hierarchy.DeviceNames() with { Uris = ["spiffe://acme.iotplatform.internal/device/sensor-1", "spiffe://acme.iotplatform.internal/device/x"] } },
        { "an IP address", Hierarchy.DeviceNames() with { Ip = [System.Net.IPAddress.Loopback] } },
        { "an e-mail address", Hierarchy.DeviceNames() with { Emails = ["a@example.com"] } },
        { "a wildcard", new SubjectNames { CommonName = "*.d", Dns = ["*.d"], Uris = ["spiffe://acme.iotplatform.internal/device/d"] } },
        { "a colon", Hierarchy.DeviceNames() with { CommonName = "vhost:user" } },
        { "a control character", Hierarchy.DeviceNames() with { CommonName = "a\nb" } },
        { "a long name", new SubjectNames { CommonName = new string('a', 65), Dns = [new string('a', 65)], Uris = ["spiffe://acme.iotplatform.internal/device/" + new string('a', 65)] } },
        { "a foreign tenant", Hierarchy.DeviceNames("globex") },
    };

    [Theory]
    [MemberData(nameof(BadDeviceNames))]
    public void Prepare_DeviceNamesOffTheProfile_AreRefused(string _, SubjectNames names) =>
        ((Action)(() => _pki.Acme.Prepare(_pki.Template(Profiles.Device, names)))).ShouldBeRefused(PkiError.NameNotAllowed);

    [Fact]
    public void Prepare_BridgeNamesOffTheProfile_AreRefused()
    {
        foreach (var names in new[]
        {
            Hierarchy.BridgeNames() with { CommonName = "globex-mqtt-bridge" },
            Hierarchy.BridgeNames() with { CommonName = "acme" },
            Hierarchy.BridgeNames() with { Uris = [] },
            Hierarchy.BridgeNames() with { Uris = ["spiffe://acme.iotplatform.internal/device/x"] },
            Hierarchy.BridgeNames() with { Dns = ["acme-mqtt-bridge"] },
        })
        {
            ((Action)(() => _pki.Intermediate.Prepare(_pki.Template(Profiles.MqttBridge, names)))).ShouldBeRefused(PkiError.NameNotAllowed);
        }

        _pki.Intermediate.Prepare(_pki.Template(Profiles.MqttBridge, Hierarchy.BridgeNames(new string('t', 63))));
    }

    [Fact]
    public void Prepare_ServiceWithoutHost_IsRefused() =>
        ((Action)(() => _pki.Intermediate.Prepare(_pki.Template(Profiles.Service, new SubjectNames { CommonName = "x" })))).ShouldBeRefused(PkiError.NameNotAllowed);

    [Fact]
    public void Prepare_FractionsOfASecond_AreCut()
    {
        var template = _pki.Template(Profiles.Device, Hierarchy.DeviceNames());
        var prepared = _pki.Acme.Prepare(template with { NotAfter = template.NotAfter.AddMilliseconds(-1), NotBefore = template.NotBefore.AddMilliseconds(1).ToOffset(TimeSpan.FromHours(2)) });

        prepared.NotAfter.ShouldBe(template.NotAfter.AddSeconds(-1));
        prepared.NotBefore.ShouldBe(template.NotBefore);
        ParsedCertificate.Parse(_pki.Acme.Issue(prepared).Der).NotAfter.ShouldBe(prepared.NotAfter);
    }

    [Fact]
    public void New_KeyOfAnotherCertificate_IsRefused()
    {
        using var other = CaKey.Generate(KeyKind.P256);
        ((Action)(() => new CaSigner(_pki.Acme.Certificate, other))).ShouldBeRefused(PkiError.KeyMismatch);
    }

    [Fact]
    public void New_LeafAsIssuer_IsRefused()
    {
        using var key = CaKey.Generate(KeyKind.P256);
        using var leaf = Hierarchy.Load(Hierarchy.Issue(_pki.Acme, _pki.Template(Profiles.Device, key.SubjectPublicKeyInfo, KeyKind.P256, Hierarchy.DeviceNames())));
        ((Action)(() => new CaSigner(leaf, key))).ShouldBeRefused(PkiError.NotACertificateAuthority);
    }

    [Fact]
    public void SelfSign_OtherKeyInTheTemplate_IsRefused()
    {
        using var key = CaKey.Generate(KeyKind.P384);
        ((Action)(() => CaSigner.SelfSign(key, _pki.Template(Profiles.Root, Hierarchy.NewKey(KeyKind.P384), KeyKind.P384, new SubjectNames { CommonName = "Root" }))))
            .ShouldBeRefused(PkiError.KeyMismatch);
    }

    [Fact]
    public void Chain_InOrder_IsTaken_ElseRefused()
    {
        _pki.AcmeChain.Certificates.Length.ShouldBe(3);
        CertificateChain.ParsePem(_pki.AcmeChain.Pem).Root.RawData.ShouldBe(_pki.Root.Certificate.RawData);
        CertificateChain.ParsePem(_pki.AcmeChain.Pem).Intermediates.Length.ShouldBe(2);
        X509Certificate2[][] bad =
        [
            [],
            [_pki.Intermediate.Certificate],
            [_pki.Root.Certificate, _pki.Intermediate.Certificate],
            [_pki.Acme.Certificate, _pki.Root.Certificate],
            [_pki.Acme.Certificate, _pki.Globex.Certificate, _pki.Intermediate.Certificate, _pki.Root.Certificate],
        ];
        foreach (var chain in bad)
        {
            Should.Throw<PkiException>(() => new CertificateChain(chain));
        }
    }

    public void Dispose() => _pki.Dispose();
}
