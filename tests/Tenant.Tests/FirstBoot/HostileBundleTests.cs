using System.Security.Cryptography;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.FirstBoot;

/// <summary>An invalid bundle is not installed, whatever its sender.</summary>
public sealed class HostileBundleTests : IAsyncLifetime
{
    private TestTenant _tenant = null!;

    public async Task InitializeAsync() => _tenant = await TestTenant.CreateAsync();

    public async Task DisposeAsync() => await _tenant.DisposeAsync();

    [SkippableFact]
    public Task Join_SubCaForAnotherKey_IsRefused() =>
        RefusedAsync(b => Copy(b, signedCert: SubCaForAnotherKey()), "another key");

    [SkippableFact]
    public async Task Join_SubCaFromAnotherRoot_IsRefused()
    {
        using var other = new TestAuthority("Other");
        await RefusedAsync(b => Copy(b, rootCaCert: other.RootPem, caChain: other.ChainPem), "not the trusted one");
    }

    [SkippableFact]
    public async Task Join_ChainOfAnotherIntermediate_IsRefused()
    {
        using var other = new TestAuthority("Other");
        var foreign = Pki.Files.Pem.Certificate(other.Intermediate.Certificate.RawDataMemory.Span);
        await RefusedAsync(b => Copy(b, caChain: foreign + _tenant.Provider.Authority.RootPem), "does not verify");
    }

    [SkippableFact]
    public Task Join_BridgeOfAnotherTenant_IsRefused() => RefusedAsync(b => Copy(b, tenantId: "globex"), "another tenant's name");

    [SkippableFact]
    public Task Join_BridgeForAnotherKey_IsRefused() => RefusedAsync(b => Copy(b, bridge: BridgeForAnotherKey()), "another key");

    [SkippableTheory]
    [InlineData("acme'; rm -rf /; '")]
    [InlineData("acme\nRABBITMQ_USER=admin")]
    [InlineData("")]
    public Task Join_ValueThatBreaksOutOfTheEnvFile_IsRefused(string vhost) => RefusedAsync(b => Copy(b, vhost: vhost), "value");

    [SkippableFact]
    public Task Join_PemWithOtherBlocks_IsRefused() =>
        RefusedAsync(b => Copy(b, signedCert: "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"), "cannot be used");

    private async Task RefusedAsync(Func<JoinBundle, JoinBundle> tamper, string reason)
    {
        _tenant.Provider.Tamper = tamper;

        (await Should.ThrowAsync<StartupException>(() => _tenant.BootAsync())).Message.ShouldContain(reason);

        File.Exists(_tenant.InData("join-bundle", "bundle.json")).ShouldBeFalse();
        _tenant.Provider.Tamper = b => b;
        await _tenant.BootAsync();
    }

    private string SubCaForAnotherKey() => _tenant.Provider.Authority.Sign(
        Profiles.TenantSubCa, AnotherCsr(), new SubjectNames { CommonName = "acme Sub-CA" }, _tenant.Provider.Constraints);

    private string BridgeForAnotherKey() => _tenant.Provider.Authority.Sign(
        Profiles.MqttBridge, AnotherCsr(), new SubjectNames { CommonName = "acme-mqtt-bridge", Uris = [SpiffeId.Bridge("acme", TestProvider.PlatformDomain)] });

    private static CertificateSigningRequest AnotherCsr()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return CertificateSigningRequest.ParsePem(CertificateSigningRequest.CreatePem(key, new SubjectNames()));
    }

    internal static JoinBundle Copy(
        JoinBundle b, string? tenantId = null, string? signedCert = null, string? rootCaCert = null, string? caChain = null, string? bridge = null, string? vhost = null) => new()
        {
            TenantId = tenantId ?? b.TenantId,
            Status = b.Status,
            PlatformDomain = b.PlatformDomain,
            SignedCert = signedCert ?? b.SignedCert,
            RootCaCert = rootCaCert ?? b.RootCaCert,
            CaChain = caChain ?? b.CaChain,
            RabbitmqUrl = b.RabbitmqUrl,
            RabbitmqMqttUrl = b.RabbitmqMqttUrl,
            RabbitmqVhost = vhost ?? b.RabbitmqVhost,
            RabbitmqUser = b.RabbitmqUser,
            MqttBridgeCert = bridge ?? b.MqttBridgeCert,
            CdmIdpClientId = b.CdmIdpClientId,
            CdmIdpClientSecret = b.CdmIdpClientSecret,
            CdmDiscoveryUrl = b.CdmDiscoveryUrl,
        };
}
