using System.Globalization;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Npgsql;
using Xunit.Abstractions;

namespace IoTPlatform.EndToEnd.Tests.Crash;

/// <summary>
/// SIGKILL to a tenant, its PostgreSQL and its RabbitMQ while devices publish to that. What RabbitMQ has acknowledged is nowhere else until the tenant has stored it, and what
/// is stored may come again. One device has a clock; of the other, which has none, only what RabbitMQ was told tells a repetition from another reading.
/// </summary>
public sealed class TenantBrokerKillRoundsTests(ITestOutputHelper output)
{
    private const string TenantId = "acme";
    private const string Timed = "pump-1";
    private const string Untimed = "switch-1";

    [SkippableFact]
    public async Task Messages_AtATenantsRabbitMq_WithEveryProcessKilledAtRandom_AreStoredOnceAtTenantAndProvider()
    {
        using var tls = new TempFolder();
        await using var broker = await RabbitMqServer.PrepareAsync(tls.Path, TenantId);
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = new TenantStack(provider, database: null, TenantId, (await provider.PrepareAsync(TenantId)).JoinKey, broker.TenantSettings);
        tenant.Launch();
        await tenant.ReadyAsync();
        broker.Ask(tenant.Url);
        await broker.StartAgainAsync();
        await broker.LetTenantLookAsync("monitoring");
        using var admin = await tenant.AdminAsync();
        using var pump = await EnrolledDevice.EnrollAsync(tenant, admin, Timed);
        using var onOff = await EnrolledDevice.EnrollAsync(tenant, admin, Untimed);
        await using var timed = new TirelessDevice(DeviceBroker.Of(broker, TenantId, Timed), pump, Timed);
        await using var untimed = new TirelessDevice(DeviceBroker.Of(broker, TenantId, Untimed), onOff, Untimed, hasClock: false);
        timed.Start();
        untimed.Start();
        var commands = new List<long>();
        for (var round = 1; round <= KillRounds.Count; round++)
        {
            await KillRounds.KillAsync(output, "the tenant", untimed, async () =>
            {
                await tenant.KillAsync();
                tenant.Launch();
                await tenant.ReadyAsync();
            });
            await KillRounds.KillAsync(output, "the tenant's PostgreSQL", timed, async () =>
            {
                commands.AddRange(await KillRounds.CommandAsync(admin, Timed));
                await KillRounds.KillPostgresAsync(tenant.Data);
            });
            await KillRounds.KillAsync(output, "RabbitMQ", untimed, async () =>
            {
                commands.AddRange(await KillRounds.CommandAsync(admin, Timed));
                await broker.KillAsync();
                await broker.StartAgainAsync();
            });
            await KillRounds.KillAsync(output, "RabbitMQ and the tenant", timed, async () =>
            {
                await Task.WhenAll(broker.KillAsync(), tenant.KillAsync());
                tenant.Launch();
                await broker.StartAgainAsync();
                await tenant.ReadyAsync();
            });
        }

        await KillRounds.UntilAsync(() => commands.All(timed.Commands.ContainsKey));
        await timed.FinishAsync();
        await untimed.FinishAsync();
        output.WriteLine($"{KillRounds.Count} rounds, {timed.Acknowledged} and {untimed.Acknowledged} messages acknowledged");
        foreach (var (device, id) in new[] { (timed, Timed), (untimed, Untimed) })
        {
            await StoredOnceAsync($"{id} at the tenant", device, () => KillRounds.AskAsync(tenant.Data, "tenant", Numbers("tenant.telemetry", id), Read));
            await StoredOnceAsync($"{id} at the provider", device, async () => Parse(await provider.Database.ScalarAsync<string>(Numbers("provider.telemetry", id))));
        }
    }

    /// <summary>All that was acknowledged, when it has come; nothing twice.</summary>
    private async Task StoredOnceAsync(string what, TirelessDevice device, Func<Task<IReadOnlyList<int>>> readAsync)
    {
        using var limit = new CancellationTokenSource(KillRounds.Patience);
        var stored = await readAsync();
        while (device.Kept.Except(stored).Any() && !limit.IsCancellationRequested)
        {
            await Task.Delay(500, CancellationToken.None);
            stored = await readAsync();
        }

        output.WriteLine($"{what}: {stored.Count} rows");
        device.Kept.Except(stored).Order().ShouldBeEmpty($"acknowledged, and not stored: {what}");
        stored.GroupBy(n => n).Where(same => same.Count() > 1).Select(same => same.Key).ShouldBeEmpty($"stored twice: {what}");
    }

    private static string Numbers(string table, string id) => $"SELECT string_agg(payload ->> 'n', ',' ORDER BY (payload ->> 'n')::int) FROM {table} WHERE device_id = '{id}'";

    private static IReadOnlyList<int> Read(NpgsqlDataReader row) => Parse(row.IsDBNull(0) ? null : row.GetString(0));

    private static IReadOnlyList<int> Parse(string? numbers) => [.. (numbers ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries).Select(n => int.Parse(n, CultureInfo.InvariantCulture))];
}
