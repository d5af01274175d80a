using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.EndToEnd.Tests.Cli;
using IoTPlatform.Pki;
using IoTPlatform.Stacks;

namespace IoTPlatform.EndToEnd.Tests.Lifecycle;

/// <summary>A bridge certificate was revoked; a new JOIN key brings the tenant back, with the Sub-CA key, the devices and the data that it has.</summary>
public sealed class RevokedBridgeTests
{
    [SkippableFact]
    public async Task ReplaceKey_AfterTheBridgeWasRevoked_LetsTheTenantBack()
    {
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using var admin = await provider.AdminAsync();
        using var device = await EnrolledDevice.EnrollAsync(tenant, await tenant.AdminAsync(), "pump-1");
        var before = await admin.GetTenantAsync("acme");

        await tenant.KillAsync();
        tenant.Overrides["JOIN_KEY"] = await ReplaceKeyAsync(provider);
        tenant.Launch();
        (await tenant.Process.WaitForExitAsync()).ShouldBe(1, "the bridge is good");
        tenant.Process.Output.ShouldContain("JOIN_KEY is another key than the one this tenant joined with");
        tenant.Overrides.Clear();
        await tenant.Process.DisposeAsync();
        tenant.Launch();
        await tenant.ReadyAsync();

        await admin.RevokeCertificateAsync(before.BridgeSerial!, new RevokeRequest { ReasonCode = 1 });
        await tenant.Process.WaitForLineAsync(line => line.Contains("certificate_revoked", StringComparison.Ordinal) && line.Contains("replace-key", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        await device.RenewAsync();
        await tenant.KillAsync();
        tenant.Overrides["JOIN_KEY"] = await ReplaceKeyAsync(provider);
        tenant.Launch();
        await tenant.Process.WaitForLineAsync("first-boot: new-join-key …", TimeSpan.FromSeconds(90));
        await tenant.KillAsync();
        tenant.Launch();
        await tenant.ReadyAsync();

        var after = await admin.GetTenantAsync("acme");
        (after.Status, after.SubCaKeySha256).ShouldBe((TenantStatus.Active, before.SubCaKeySha256));
        after.BridgeSerial.ShouldNotBe(before.BridgeSerial);
        after.SubCaSerials.ShouldContain(before.SubCaSerials.Single(), "the chains that devices have stay good");
        await ShouldBeTakenAsync(provider, tenant);
        device.Verify(provider.Trust.Root);
        await device.RenewAsync();
        device.Verify(provider.Trust.Root);
        using var next = await EnrolledDevice.EnrollAsync(tenant, await tenant.AdminAsync(), "pump-2");
        next.IssuerKeyId.ShouldBe(device.IssuerKeyId);
        await tenant.Process.WaitForLineAsync(line => line.Contains("takes this tenant again", StringComparison.Ordinal), TimeSpan.FromSeconds(60));

        await tenant.KillAsync();
        tenant.Launch();
        await tenant.ReadyAsync();
        (await admin.GetTenantAsync("acme")).BridgeSerial.ShouldBe(after.BridgeSerial, "the same key again changes nothing");
    }

    private static async Task<string> ReplaceKeyAsync(ProviderStack provider)
    {
        var replaced = await IotCli.RunAsync("tenants", "replace-key", "acme", "--json", "--url", provider.Url.ToString(), "--data", provider.Data);
        replaced.EnsureSuccess();
        return System.Text.Json.JsonDocument.Parse(replaced.Output).RootElement.GetProperty("join_key").GetString()!;
    }

    private static async Task ShouldBeTakenAsync(ProviderStack provider, TenantStack tenant)
    {
        string Bundle(string name) => Path.Combine(tenant.Data, "join-bundle", name);
        using var bridge = X509Certificate2.CreateFromPemFile(Bundle("mqtt-bridge.crt"), Bundle("mqtt-bridge.key"));
        using var client = ProviderClient.Create(provider.Url, provider.Trust.Provider("iot.example"), bridge);
        var seen = await client.GetPlatformAsync();
        (seen.TenantId, seen.Serial).ShouldBe(("acme", SerialNumber.ToDecimal(bridge.SerialNumberBytes.Span)));
        var csr = CertificateSigningRequest.CreatePem(bridge.GetECDsaPrivateKey()!, new SubjectNames());
        (await client.RenewBridgeAsync("acme", new Contracts.Join.RenewBridgeRequest { MqttBridgeCsr = csr })).MqttBridgeCert.ShouldNotBeNull();
        Directory.Exists(Bundle("pending")).ShouldBeFalse();
    }
}
