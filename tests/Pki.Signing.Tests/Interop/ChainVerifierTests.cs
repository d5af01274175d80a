using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki.Signing.Tests.Interop;

/// <summary>The platform's X509Chain accepts what we issue, and our verifier adds no surprise.</summary>
public sealed class ChainVerifierTests : IDisposable
{
    private readonly Hierarchy _pki = new();

    [Fact]
    public void Verify_EveryProfile_ForItsPurposesOnly()
    {
        Check(Issue(_pki.Acme, Profiles.Device, Hierarchy.DeviceNames()), _pki.AcmeChain, server: false, client: true);
        Check(Issue(_pki.Intermediate, Profiles.MqttBridge, Hierarchy.BridgeNames()), _pki.IntermediateChain, server: false, client: true);
        Check(Issue(_pki.Intermediate, Profiles.Service, SubjectNames.FromSans("iot.provider.example", ["iot.provider.example"])), _pki.IntermediateChain, server: true, client: true);
        Check(Issue(_pki.Acme, Profiles.Service, SubjectNames.FromSans("iot.acme.example", ["iot.acme.example"])), _pki.AcmeChain, server: true, client: true);
        Check(Issue(_pki.Acme, Profiles.Leaf, SubjectNames.FromSans("x", ["x.acme.example", "10.0.0.1"])), _pki.AcmeChain, server: true, client: true);
    }

    [Fact]
    public void Verify_OutsideItsDates_IsRefused()
    {
        using var leaf = Issue(_pki.Acme, Profiles.Device, Hierarchy.DeviceNames());

        _pki.AcmeChain.Verify(leaf, CertificatePurpose.ClientAuth, _pki.Now.AddHours(24).AddSeconds(-1)).ShouldBeTrue();
        _pki.AcmeChain.Verify(leaf, CertificatePurpose.ClientAuth, _pki.Now.AddHours(24).AddSeconds(1)).ShouldBeFalse();
        _pki.AcmeChain.Verify(leaf, CertificatePurpose.ClientAuth, _pki.Now.AddMinutes(-1)).ShouldBeTrue();
        _pki.AcmeChain.Verify(leaf, CertificatePurpose.ClientAuth, _pki.Now.AddMinutes(-1).AddSeconds(-1)).ShouldBeFalse();
        _pki.AcmeChain.Verify(leaf, CertificatePurpose.ClientAuth, _pki.Now.AddHours(23).ToOffset(TimeSpan.FromHours(-9))).ShouldBeTrue();
    }

    [Fact]
    public void Verify_OtherRootOrMissingIssuer_IsRefusedWithAReason()
    {
        using var other = new Hierarchy();
        using var leaf = Issue(_pki.Acme, Profiles.Device, Hierarchy.DeviceNames());

        ChainVerifier.Verify(leaf, _pki.AcmeChain.Intermediates, [other.Root.Certificate], CertificatePurpose.ClientAuth, _pki.Now).Reason.ShouldNotBeNullOrEmpty();
        ChainVerifier.Verify(leaf, [_pki.Acme.Certificate], [_pki.Root.Certificate], CertificatePurpose.ClientAuth, _pki.Now).Reason.ShouldNotBeNullOrEmpty();
        ChainVerifier.Verify(leaf, _pki.AcmeChain.Intermediates, [], CertificatePurpose.ClientAuth, _pki.Now).IsValid.ShouldBeFalse();
        ChainVerifier.Verify(leaf, _pki.AcmeChain.Intermediates, [_pki.Intermediate.Certificate], CertificatePurpose.ClientAuth, _pki.Now).IsValid.ShouldBeFalse();
    }

    [Fact]
    public void Verify_LeafWithoutExtendedKeyUsage_IsNoClient()
    {
        using var leaf = HostileTenant.Sign(
            _pki, Hierarchy.DeviceNames(), r => r.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true)));

        _pki.AcmeChain.Verify(leaf, CertificatePurpose.ClientAuth, _pki.Now).ShouldBeFalse();
        _pki.AcmeChain.Verify(leaf, CertificatePurpose.Any, _pki.Now).ShouldBeTrue();
    }

    [Fact]
    public void Verify_UnknownCriticalExtension_IsRefused()
    {
        using var leaf = HostileTenant.Sign(_pki, Hierarchy.DeviceNames(), r =>
        {
            HostileTenant.AsLeaf(r);
            r.CertificateExtensions.Add(new X509Extension("1.2.3.4", [0x05, 0x00], critical: true));
        });

        _pki.AcmeChain.Verify(leaf, CertificatePurpose.ClientAuth, _pki.Now).ShouldBeFalse();
    }

    public void Dispose() => _pki.Dispose();

    private X509Certificate2 Issue(CaSigner signer, CertificateProfile profile, SubjectNames names) => Hierarchy.Load(Hierarchy.Issue(signer, _pki.Template(profile, names)));

    private void Check(X509Certificate2 leaf, CertificateChain chain, bool server, bool client)
    {
        using (leaf)
        {
            ChainVerifier.Verify(leaf, chain.Intermediates, [chain.Root], CertificatePurpose.Any, _pki.Now).Reason.ShouldBeNull();
            chain.Verify(leaf, CertificatePurpose.ServerAuth, _pki.Now).ShouldBe(server);
            chain.Verify(leaf, CertificatePurpose.ClientAuth, _pki.Now).ShouldBe(client);
            chain.Verify(leaf, CertificatePurpose.CertificateAuthority, _pki.Now).ShouldBeFalse();
        }
    }
}
