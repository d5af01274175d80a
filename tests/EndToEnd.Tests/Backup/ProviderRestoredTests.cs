using System.Globalization;
using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.EndToEnd.Tests.Backup;

/// <summary>A provider whose backup is older than its tenants' messages gets these again, and nobody has to ask for them.</summary>
public sealed class ProviderRestoredTests
{
    private const int Before = 10;
    private const int After = 15;
    private const int Meanwhile = 5;

    /// <summary>A checkpoint that comes through a RabbitMQ is recorded a minute after what was before it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [SkippableFact]
    public async Task Restore_OfAnOlderBackup_HasWhatTheTenantSentSinceOnceEach()
    {
        await using var provider = ProviderStack.WithPrivateDatabase();
        await provider.StartProcessAsync();
        await RunAsync(provider, meanwhile: 0);
    }

    /// <summary>What RabbitMQ has when the database is lost is stored by the provider that was restored, what the provider had stored already comes from the tenant.</summary>
    [SkippableFact]
    public async Task Restore_BehindARabbitMq_HasWhatTheTenantSentSinceOnceEach()
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
        await RunAsync(provider, Meanwhile);
    }

    /// <param name="provider">At work.</param>
    /// <param name="meanwhile">Messages that are sent while there is no provider.</param>
    private static async Task RunAsync(ProviderStack provider, int meanwhile)
    {
        Requires.Tool("pg_dump");
        using var backup = new TempFolder();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        using var enrolled = await EnrolledDevice.EnrollAsync(tenant, admin, "pump-1");
        using var device = enrolled.Client();
        var joined = await tenant.Database.ScalarAsync<DateTime>("SELECT now()");
        await PublishAsync(device, Before);
        await StoredAsync(provider, Before);
        await Waiting.UntilAsync(async () => await CheckpointsAsync(provider) == 1, Patience);
        await RunAsync("pg_dump", "--format=custom", "--host", Path.Combine(provider.Data, "postgres", "socket"), "--username", "postgres", "--file", backup.Combine("database.dump"), "provider");
        await PublishAsync(device, After);
        await StoredAsync(provider, Before + After);

        provider.Process.Terminate();
        (await provider.Process.WaitForExitAsync()).ShouldBe(0, provider.Process.Output);
        await provider.Process.DisposeAsync();
        Directory.Delete(Path.Combine(provider.Data, "postgres"), recursive: true);
        await PublishAsync(device, meanwhile);
        provider.Launch(new Dictionary<string, string?> { ["IOT_RESTORE"] = backup.Combine("database.dump") });
        await provider.Process.WaitForLineAsync("ready ");
        await StoredAsync(provider, Before + meanwhile);
        // What it does every five minutes, it does at its start, too.
        await tenant.KillAsync();
        tenant.Launch();
        await tenant.ReadyAsync();

        await StoredAsync(provider, Before + After + meanwhile);
        var from = await tenant.Database.ScalarAsync<string>("SELECT string_agg(subject, ' ') FROM audit.entries WHERE action = 'uplink.resend' AND actor = 'system'");
        DateTimeOffset.Parse(from!, CultureInfo.InvariantCulture).UtcDateTime.ShouldBeInRange(joined.AddMinutes(-5), joined.AddMinutes(5), "from the checkpoint on, once, and not from the beginning");
    }

    private static async Task<long> CheckpointsAsync(ProviderStack provider)
    {
        await using var source = NpgsqlDataSource.Create($"Host={Path.Combine(provider.Data, "postgres", "socket")};Username=platform;Database=provider;Pooling=false");
        await using var count = source.CreateCommand("SELECT count(*) FROM provider.uplink_checkpoints");
        return (long)(await count.ExecuteScalarAsync())!;
    }

    private static async Task PublishAsync(TenantClient device, int messages)
    {
        for (var i = 0; i < messages; i++)
        {
            // Two that are equal are two.
            await device.PublishTelemetryAsync("pump-1", JsonDocument.Parse("""{"same":1}""").RootElement);
        }
    }

    private static async Task StoredAsync(ProviderStack provider, int messages)
    {
        using var admin = await provider.AdminAsync();
        await Waiting.UntilAsync(async () => (await admin.ListTelemetryAsync("acme", "pump-1")).Items.Count == messages, Patience);
    }

    private static async Task RunAsync(string program, params string[] arguments) => (await Tools.RunAsync(program, arguments)).EnsureSuccess();
}
