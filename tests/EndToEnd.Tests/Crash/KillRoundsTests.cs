using System.Security.Cryptography;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Xunit.Abstractions;

namespace IoTPlatform.EndToEnd.Tests.Crash;

/// <summary>
/// SIGKILL to everything between a device and the provider's table while the device publishes: what was acknowledged is stored at both, and once, and no
/// command to the device is lost. As many rounds as <c>IOT_KILL_ROUNDS</c> says, each with every victim.
/// </summary>
public sealed class KillRoundsTests(ITestOutputHelper output)
{
    private const string DeviceId = "pump-1";

    [SkippableFact]
    public async Task Messages_WithEveryProcessKilledAtRandom_AreStoredOnceAtTenantAndProvider()
    {
        await using var provider = ProviderStack.WithPrivateDatabase();
        await provider.StartProcessAsync();
        await RunAsync(provider, broker: null);
    }

    /// <summary>What RabbitMQ has acknowledged to the bridge is nowhere else until the provider has stored it.</summary>
    [SkippableFact]
    public async Task Messages_ByARabbitMqThatIsKilledAsWell_AreStoredOnceAtTenantAndProvider()
    {
        using var tls = new TempFolder();
        await using var broker = await RabbitMqServer.PrepareAsync(tls.Path);
        await using var provider = ProviderStack.WithPrivateDatabase(more: new Dictionary<string, string?>(broker.ProviderSettings)
        {
            ["IOT_RABBITMQ_MQTT_URL"] = $"mqtts://localhost:{broker.MqttPort}",
        });
        await provider.StartProcessAsync();
        broker.Ask(provider.Url);
        await broker.StartAgainAsync();
        await RunAsync(provider, broker);
    }

    private async Task RunAsync(ProviderStack provider, RabbitMqServer? broker)
    {
        await using var tenant = new TenantStack(provider, database: null, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        tenant.Launch();
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        using var enrolled = await EnrolledDevice.EnrollAsync(tenant, admin, DeviceId);
        await using var device = new TirelessDevice(DeviceBroker.Of(tenant, DeviceId), enrolled, DeviceId);
        device.Start();
        var commands = new List<long>();
        for (var round = 1; round <= KillRounds.Count; round++)
        {
            await KillRounds.KillAsync(output, "the tenant", device, async () =>
            {
                commands.AddRange(await KillRounds.CommandAsync(admin, DeviceId));
                await tenant.KillAsync();
                tenant.Launch();
                await tenant.ReadyAsync();
            });
            await KillRounds.KillAsync(output, "the tenant's PostgreSQL", device, async () =>
            {
                commands.AddRange(await KillRounds.CommandAsync(admin, DeviceId));
                await KillRounds.KillPostgresAsync(tenant.Data);
            });
            if (broker is not null)
            {
                await KillRounds.KillAsync(output, "RabbitMQ", device, async () =>
                {
                    await UntilMoreArriveAsync(provider);
                    await broker.KillAsync();
                    await broker.StartAgainAsync();
                });
            }

            await KillRounds.KillAsync(output, "the provider", device, async () =>
            {
                await provider.KillAsync();
                await provider.StartProcessAsync();
            });
            await KillRounds.KillAsync(output, "the provider's PostgreSQL", device, () => KillRounds.KillPostgresAsync(provider.Data));
        }

        await KillRounds.UntilAsync(() => commands.All(device.Commands.ContainsKey));
        var sent = await device.FinishAsync();
        (await CountAsync(tenant.Data, "tenant", "tenant.telemetry")).ShouldBe((sent, sent));
        using var limit = new CancellationTokenSource(KillRounds.Patience);
        while ((await CountAsync(provider.Data, "provider", "provider.telemetry")).Distinct < sent)
        {
            await Task.Delay(200, limit.Token);
        }

        var stored = await CountAsync(provider.Data, "provider", "provider.telemetry");
        output.WriteLine($"{KillRounds.Count} rounds, {sent} messages acknowledged, {stored.Rows} rows of {stored.Distinct} messages at the provider");
        stored.ShouldBe((sent, sent));
    }

    /// <summary>The way up is open, and something is on it.</summary>
    private static async Task UntilMoreArriveAsync(ProviderStack provider)
    {
        var before = (await CountAsync(provider.Data, "provider", "provider.telemetry")).Rows;
        using var limit = new CancellationTokenSource(KillRounds.Patience);
        while ((await CountAsync(provider.Data, "provider", "provider.telemetry")).Rows == before)
        {
            await Task.Delay(RandomNumberGenerator.GetInt32(50, 500), limit.Token);
        }
    }

    private static Task<(long Rows, long Distinct)> CountAsync(string data, string database, string table) => KillRounds.AskAsync(
        data, database, $"SELECT count(*), count(DISTINCT payload ->> 'n') FROM {table}", row => (row.GetInt64(0), row.GetInt64(1)));
}
