using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Backup;

/// <summary>A provider whose backup is older than its tenants' messages gets these again, and nobody has to ask for them.</summary>
public sealed class ProviderRestoredTests
{
    private const int Before = 10;
    private const int After = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public async Task Restore_OfAnOlderBackup_HasWhatTheTenantSentSinceOnceEach()
    {
        Requires.Tool("initdb");
        Requires.Tool("pg_dump");
        using var backup = new TempFolder();
        await using var provider = ProviderStack.WithPrivateDatabase();
        await provider.StartProcessAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        using var enrolled = await EnrolledDevice.EnrollAsync(tenant, admin, "pump-1");
        using var device = enrolled.Client();
        await PublishAsync(device, Before);
        await StoredAsync(provider, Before);
        await RunAsync("pg_dump", "--format=custom", "--host", Path.Combine(provider.Data, "postgres", "socket"), "--username", "postgres", "--file", backup.Combine("database.dump"), "provider");
        await PublishAsync(device, After);
        await StoredAsync(provider, Before + After);

        provider.Process.Terminate();
        (await provider.Process.WaitForExitAsync()).ShouldBe(0, provider.Process.Output);
        await provider.Process.DisposeAsync();
        Directory.Delete(Path.Combine(provider.Data, "postgres"), recursive: true);
        provider.Launch(new Dictionary<string, string?> { ["IOT_RESTORE"] = backup.Combine("database.dump") });
        await provider.Process.WaitForLineAsync("ready ");
        await StoredAsync(provider, Before);
        // What it does every five minutes, it does at its start, too.
        await tenant.KillAsync();
        tenant.Launch();
        await tenant.ReadyAsync();

        await StoredAsync(provider, Before + After);
        (await tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'uplink.resend' AND actor = 'system'")).ShouldBe(1);
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
