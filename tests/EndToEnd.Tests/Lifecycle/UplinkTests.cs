using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Join;
using IoTPlatform.EndToEnd.Tests.Faults;
using IoTPlatform.LocalServices;
using IoTPlatform.Pki;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Lifecycle;

/// <summary>Telemetry of the embedded default, from a device's request to the provider's row: no broker beside the two processes.</summary>
public sealed class UplinkTests
{
    private const int Many = 400;
    private const int BeyondBudget = 3600;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public async Task Readings_WithBothStacksKilledOnTheWay_AnotherCertificateAndAnotherAddress_AreStoredAtTheProviderOnceEach()
    {
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        using var enrolled = await EnrolledDevice.EnrollAsync(tenant, admin, "pump.1");
        using var device = enrolled.Client();

        var publishing = Parallel.ForEachAsync(Enumerable.Range(0, Many), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) => await PublishAsync(device, i));
        await UntilAsync(provider.Database, Many / 10);
        await provider.KillAsync();
        await tenant.KillAsync();
        tenant.Launch();
        await tenant.ReadyAsync();
        await publishing;
        (await admin.GetUplinkAsync()).Waiting.ShouldBeGreaterThan(0);
        await provider.StartProcessAsync();

        await UntilAsync(provider.Database, Many);
        (await provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.telemetry")).ShouldBe(Many);
        (await provider.Database.ScalarAsync<string>("SELECT DISTINCT tenant_id || ' ' || device_id || ' ' || topic FROM provider.telemetry")).ShouldBe("acme pump.1 telemetry/pump:1");
        (await admin.GetUplinkAsync()).State.ShouldBe("connected");

        // The bridge's certificate is renewed under the open connection, and the former one revoked: it goes on with the new one.
        var former = await RenewBridgeAsync(provider, tenant);
        using (var operators = await provider.AdminAsync())
        {
            await operators.RevokeCertificateAsync(former, new RevokeRequest { ReasonCode = 4 });
        }

        await PublishAsync(device, Many);
        await UntilAsync(provider.Database, Many + 1);

        // The provider's broker is elsewhere from now on.
        var port = FreePort.Next();
        await using var elsewhere = new FlakyProxy(port, () => provider.Url.Port, []);
        Rewrite(tenant, bundle => bundle["rabbitmq_mqtt_url"] = $"mqtts://localhost:{port}");
        await Waiting.UntilAsync(() => Task.FromResult(elsewhere.Passed == 1), Patience);
        await PublishAsync(device, Many + 1);
        await UntilAsync(provider.Database, Many + 2);

        (await provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.telemetry")).ShouldBe(Many + 2);
    }

    /// <summary>As its upkeep does when two thirds of its life are over; under another key, because so early the same one has the same certificate. The serial of the one before.</summary>
    private static async Task<string> RenewBridgeAsync(ProviderStack provider, TenantStack tenant)
    {
        string Bundle(string name) => Path.Combine(tenant.Data, "join-bundle", name);
        using var bridge = X509Certificate2.CreateFromPemFile(Bundle("mqtt-bridge.crt"), Bundle("mqtt-bridge.key"));
        using var client = ProviderClient.Create(provider.Url, provider.Trust.Provider("iot.example"), bridge);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var renewed = await client.RenewBridgeAsync("acme", new RenewBridgeRequest { MqttBridgeCsr = CertificateSigningRequest.CreatePem(key, new SubjectNames()) });
        await File.WriteAllTextAsync(Bundle("mqtt-bridge.key"), key.ExportPkcs8PrivateKeyPem() + "\n");
        Rewrite(tenant, bundle => (bundle["mqtt_bridge_cert"], bundle["ca_chain"]) = (renewed.MqttBridgeCert, renewed.CaChain));
        return SerialNumber.ToDecimal(bridge.SerialNumberBytes.Span);
    }

    private static void Rewrite(TenantStack tenant, Action<JsonObject> change)
    {
        var path = Path.Combine(tenant.Data, "join-bundle", "bundle.json");
        var bundle = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(bundle);
        File.WriteAllText(path + ".new", bundle.ToJsonString());
        File.SetUnixFileMode(path + ".new", File.GetUnixFileMode(path));
        File.Move(path + ".new", path, overwrite: true);
    }

    [SkippableFact]
    public async Task Readings_BeyondTheBudgetOfThePlan_Wait_AndTheTenantSaysWhy()
    {
        // Fifty a second, and a minute's worth at once.
        await using var provider = await ProviderStack.StartAsync(new Dictionary<string, string?> { ["IOT_PLANS"] = "standard=10/100/60/50/100000000" });
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        var told = ReasonAsync(admin);

        await tenant.Database.ExecuteAsync($$"""
            INSERT INTO tenant.telemetry (device_id, sent_at, identity, received_at, topic, payload)
            SELECT 'pump-1', now() + n * interval '1 microsecond', substr(sha256(n::text::bytea), 1, 16), now(), 'telemetry/pump-1',
              json_build_object('n', n, 'timestamp', now() + n * interval '1 microsecond') FROM generate_series(1, {{BeyondBudget}}) AS n
            """);

        await told;
        await UntilAsync(provider.Database, BeyondBudget);
        (await provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.telemetry")).ShouldBe(BeyondBudget);
        await Waiting.UntilAsync(async () => await provider.Database.ScalarAsync<long>("SELECT coalesce(sum(messages), 0)::bigint FROM provider.bridge_minutes WHERE tenant_id = 'acme'") >= BeyondBudget, Patience);
    }

    private static async Task ReasonAsync(TenantClient admin)
    {
        using var limit = new CancellationTokenSource(Patience);
        while ((await admin.GetUplinkAsync(limit.Token)).Reason?.Contains("budget of the tenant's plan is used up", StringComparison.Ordinal) != true)
        {
            await Task.Delay(50, limit.Token);
        }
    }

    /// <summary>As a device does: the same message again until it is acknowledged.</summary>
    private static async Task PublishAsync(TenantClient device, int number)
    {
        var payload = JsonSerializer.SerializeToElement(new { n = number, timestamp = TimeProvider.System.GetUtcNow() });
        while (true)
        {
            try
            {
                await device.PublishTelemetryAsync("pump.1", payload);
                return;
            }
            catch (Exception e) when (e is UnreachableException or ApiException { Status: >= 500 })
            {
                await Task.Delay(50);
            }
        }
    }

    /// <summary>At least so many readings are at the provider.</summary>
    private static async Task UntilAsync(TestDatabase database, long readings)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (await database.ScalarAsync<long>("SELECT count(DISTINCT payload->>'n') FROM provider.telemetry") < readings)
        {
            await Task.Delay(50, limit.Token);
        }
    }
}
