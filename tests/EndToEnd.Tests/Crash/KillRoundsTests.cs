using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Npgsql;
using Xunit.Abstractions;

namespace IoTPlatform.EndToEnd.Tests.Crash;

/// <summary>
/// SIGKILL to everything between a device and the provider's table while the device publishes: what was acknowledged is stored at both, and once, and no
/// command to the device is lost. As many rounds as <c>IOT_KILL_ROUNDS</c> says, each with every victim.
/// </summary>
public sealed class KillRoundsTests(ITestOutputHelper output)
{
    private const string DeviceId = "pump-1";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly int Rounds = int.Parse(Environment.GetEnvironmentVariable("IOT_KILL_ROUNDS") ?? "1", CultureInfo.InvariantCulture);

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
        await using var device = new TirelessDevice(tenant, enrolled, DeviceId);
        device.Start();
        var commands = new List<long>();
        for (var round = 1; round <= Rounds; round++)
        {
            await KillAsync("the tenant", device, async () =>
            {
                commands.AddRange(await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => CommandAsync(admin))));
                await tenant.KillAsync();
                tenant.Launch();
                await tenant.ReadyAsync();
            });
            await KillAsync("the tenant's PostgreSQL", device, async () =>
            {
                commands.AddRange(await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => CommandAsync(admin))));
                await KillPostgresAsync(tenant.Data);
            });
            if (broker is not null)
            {
                await KillAsync("RabbitMQ", device, async () =>
                {
                    await UntilMoreArriveAsync(provider);
                    await broker.KillAsync();
                    await broker.StartAgainAsync();
                });
            }

            await KillAsync("the provider", device, async () =>
            {
                await provider.KillAsync();
                await provider.StartProcessAsync();
            });
            await KillAsync("the provider's PostgreSQL", device, () => KillPostgresAsync(provider.Data));
        }

        await UntilAsync(() => commands.All(device.Commands.ContainsKey));
        var sent = await device.FinishAsync();
        (await CountAsync(tenant.Data, "tenant", "tenant.telemetry")).ShouldBe((sent, sent));
        using var limit = new CancellationTokenSource(Patience);
        while ((await CountAsync(provider.Data, "provider", "provider.telemetry")).Distinct < sent)
        {
            await Task.Delay(200, limit.Token);
        }

        var stored = await CountAsync(provider.Data, "provider", "provider.telemetry");
        output.WriteLine($"{Rounds} rounds, {sent} messages acknowledged, {stored.Rows} rows of {stored.Distinct} messages at the provider");
        stored.ShouldBe((sent, sent));
    }

    /// <summary>The way up is open, and something is on it.</summary>
    private static async Task UntilMoreArriveAsync(ProviderStack provider)
    {
        var before = (await CountAsync(provider.Data, "provider", "provider.telemetry")).Rows;
        using var limit = new CancellationTokenSource(Patience);
        while ((await CountAsync(provider.Data, "provider", "provider.telemetry")).Rows == before)
        {
            await Task.Delay(RandomNumberGenerator.GetInt32(50, 500), limit.Token);
        }
    }

    /// <summary>While messages are acknowledged, at a moment of chance; and again once they are after it.</summary>
    private async Task KillAsync(string victim, TirelessDevice device, Func<Task> kill)
    {
        var before = device.Acknowledged;
        await UntilAsync(() => device.Acknowledged > before);
        await Task.Delay(RandomNumberGenerator.GetInt32(1000));
        var at = device.Acknowledged;
        await kill();
        var after = device.Acknowledged;
        await UntilAsync(() => device.Acknowledged > after);
        output.WriteLine($"{victim} was killed after {at} messages");
    }

    private static async Task<long> CommandAsync(TenantClient admin) => (await admin.SendCommandAsync(DeviceId, new SendCommandRequest { Name = "step" })).Id;

    /// <summary>The host starts it again.</summary>
    private static Task KillPostgresAsync(string data)
    {
        var id = int.Parse(File.ReadLines(Path.Combine(data, "postgres", "data", "postmaster.pid")).First(), CultureInfo.InvariantCulture);
        using var server = Process.GetProcessById(id);
        server.Kill();
        return Task.CompletedTask;
    }

    private static async Task<(long Rows, long Distinct)> CountAsync(string data, string database, string table)
    {
        await using var source = NpgsqlDataSource.Create($"Host={Path.Combine(data, "postgres", "socket")};Username=platform;Database={database};Pooling=false");
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                await using var command = source.CreateCommand($"SELECT count(*), count(DISTINCT payload ->> 'n') FROM {table}");
                await using var row = await command.ExecuteReaderAsync(limit.Token);
                await row.ReadAsync(limit.Token);
                return (row.GetInt64(0), row.GetInt64(1));
            }
            catch (NpgsqlException e) when (e.IsTransient)
            {
                // It was killed a moment ago.
                await Task.Delay(200, limit.Token);
            }
        }
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!condition())
        {
            await Task.Delay(5, limit.Token);
        }
    }
}
