using System.Net;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Bridge;

/// <summary>A tenant owns its Sub-CA key, so it can sign any name. None of it opens the provider's mTLS endpoints.</summary>
public sealed class HostileTenantTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>, IAsyncLifetime
{
    private readonly RunningProvider _provider = fixture.Provider;
    private readonly HostileTenant _tenant = new();
    private JoinBundle _bundle = null!;
    private string _tenantId = null!;

    public async Task InitializeAsync()
    {
        _tenantId = "hostile-" + Guid.NewGuid().ToString("N")[..8];
        _bundle = (await _provider.TryJoinAsync((await _provider.PrepareAsync(_tenantId)).JoinKey, _tenant.Request())).Read(ContractsJson.Default.JoinBundle);
    }

    [SkippableFact]
    public async Task Platform_OwnBridgeCertificate_SaysWhoTheCallerIs()
    {
        using var bridge = _tenant.WithBridgeKey(_bundle.MqttBridgeCert);

        var answer = await _provider.Anonymous(bridge).GetAsync("portal/admin/platform");

        answer.Status.ShouldBe(HttpStatusCode.OK, answer.Body);
        answer.Body.ShouldContain($"\"tenant_id\":\"{_tenantId}\"");
        answer.Body.ShouldContain($"\"common_name\":\"{_tenantId}-mqtt-bridge\"");
        answer.Body.ShouldContain($"spiffe://{_tenantId}.iot.example/mqtt-bridge");
    }

    [SkippableFact]
    public async Task Platform_NoCertificate_IsRefused() =>
        (await _provider.Anonymous().GetAsync("portal/admin/platform")).Status.ShouldBe(HttpStatusCode.Unauthorized);

    [SkippableFact]
    public async Task Platform_AdminSession_IsNoBridge() =>
        (await (await _provider.AdminAsync()).GetAsync("portal/admin/platform")).Status.ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);

    [SkippableFact]
    public Task SubCaSigns_ProviderServiceName_IsRefused() => RefusedAsync("provider.iot.example", san => san.AddDnsName("provider.iot.example"));

    [SkippableFact]
    public Task SubCaSigns_OtherTenantsBridge_IsRefused() =>
        RefusedAsync("globex-mqtt-bridge", san => san.AddUri(new Uri("spiffe://globex.iot.example/mqtt-bridge")));

    [SkippableFact]
    public Task SubCaSigns_OwnBridge_IsRefused() =>
        RefusedAsync($"{_tenantId}-mqtt-bridge", san => san.AddUri(new Uri($"spiffe://{_tenantId}.iot.example/mqtt-bridge")));

    [SkippableFact]
    public Task SubCaSigns_OtherTenantsDevice_IsRefused() =>
        RefusedAsync("sensor-1", san => { san.AddDnsName("sensor-1"); san.AddUri(new Uri("spiffe://globex.iot.example/device/sensor-1")); });

    [SkippableFact]
    public async Task SubCaKey_ForgesTheIntermediatesName_IsRefused()
    {
        using var forged = _tenant.Forge(_provider.Authority.Chain.Issuer, $"{_tenantId}-mqtt-bridge", san => san.AddUri(new Uri($"spiffe://{_tenantId}.iot.example/mqtt-bridge")));

        (await _provider.Anonymous(forged).GetAsync("portal/admin/platform")).Status.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableFact]
    public async Task SubCaKey_ForgesTheIntermediatesNameAndSendsItsCertificate_IsRefused()
    {
        using var forged = _tenant.Forge(_provider.Authority.Chain.Issuer, $"{_tenantId}-mqtt-bridge", san => san.AddUri(new Uri($"spiffe://{_tenantId}.iot.example/mqtt-bridge")));
        var knock = _provider.Anonymous(forged, new X509Certificate2Collection(_provider.Authority.Chain.Issuer)).GetAsync("portal/admin/platform");

        // With the issuer at hand OpenSSL sees the bad signature itself and ends the handshake.
        if (await Record.ExceptionAsync(() => knock) is { } refusal)
        {
            refusal.ShouldBeOfType<HttpRequestException>();
        }
        else
        {
            (await knock).Status.ShouldBe(HttpStatusCode.Unauthorized);
        }
    }

    [SkippableFact]
    public async Task SubCaSigns_NoIntermediatesSent_IsRefused()
    {
        using var leaf = _tenant.Sign(_bundle, "globex-mqtt-bridge", san => san.AddDnsName("globex"));

        (await _provider.Anonymous(leaf).GetAsync("portal/admin/platform")).Status.ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);
    }

    [SkippableFact]
    public async Task RenewBridge_OtherTenantsPath_IsRefused()
    {
        using var victim = new TestTenant();
        var victimId = "victim-" + _tenantId;
        await _provider.ActivateAsync(victimId, victim);
        using var bridge = _tenant.WithBridgeKey(_bundle.MqttBridgeCert);
        var request = new RenewBridgeRequest { MqttBridgeCsr = _tenant.Request().MqttBridgeCsr };

        (await _provider.Anonymous(bridge).PostAsync($"portal/admin/tenants/{victimId}/bridge/renew", request, ContractsJson.Default.RenewBridgeRequest))
            .ShouldBe(HttpStatusCode.Forbidden, "not_this_tenant");

        (await _provider.CertificatesAsync(victimId, "mqtt-bridge", valid: false)).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Federation_OtherTenantsSecret_IsRefused()
    {
        using var victim = new TestTenant();
        var victimId = "secretive-" + _tenantId;
        var secret = (await _provider.ActivateAsync(victimId, victim)).CdmIdpClientSecret!;
        using var bridge = _tenant.WithBridgeKey(_bundle.MqttBridgeCert);

        var answer = await _provider.Anonymous(bridge).GetAsync($"portal/admin/tenants/{victimId}/federation");

        answer.ShouldBe(HttpStatusCode.Forbidden, "not_this_tenant");
        answer.Body.ShouldNotContain(secret);
    }

    public Task DisposeAsync()
    {
        _tenant.Dispose();
        return Task.CompletedTask;
    }

    private async Task RefusedAsync(string commonName, Action<SubjectAlternativeNameBuilder> names)
    {
        using var leaf = _tenant.Sign(_bundle, commonName, names);
        await KnockInVainAsync(leaf);
    }

    private async Task KnockInVainAsync(X509Certificate2 certificate)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(_bundle.SignedCert + _bundle.CaChain);
        var caller = _provider.Anonymous(certificate, chain);
        var renewal = new RenewBridgeRequest { MqttBridgeCsr = _tenant.Request().MqttBridgeCsr };

        (await caller.GetAsync("portal/admin/platform")).Status.ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);
        (await caller.GetAsync($"portal/admin/tenants/{_tenantId}/federation")).Status.ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);
        (await caller.PostAsync($"portal/admin/tenants/{_tenantId}/bridge/renew", renewal, ContractsJson.Default.RenewBridgeRequest)).Status
            .ShouldBeOneOf(HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden);
        (await _provider.CertificatesAsync(_tenantId, "mqtt-bridge", valid: false)).ShouldBe(1);
    }
}
