using System.Diagnostics;
using System.Security.Cryptography;
using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Report;
using IoTPlatform.Benchmarks.Servers;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.Benchmarks.Join;

/// <summary>Many tenants join one after the other, with a private RabbitMQ: does the last pay for those before it, and does a restart?</summary>
internal static class BrokerBenchmark
{
    private const int Edge = 100;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);

    public static async Task<BenchmarkReport> RunAsync(BenchmarkOptions options, TextWriter progress, CancellationToken cancellationToken)
    {
        using var site = new TempFolder();
        var tls = Directory.CreateDirectory(site.Combine("tls")).FullName;
        await using var broker = await RabbitMqServer.PrepareAsync(tls);
        var settings = new Dictionary<string, string?>(broker.ProviderSettings, StringComparer.Ordinal)
        {
            // The same after a restart.
            [ProviderServer.AdminPasswordSetting] = RandomNumberGenerator.GetHexString(32),
            [ProviderServer.ProvisionerPasswordSetting] = RandomNumberGenerator.GetHexString(32),
        };
        using var folder = new TempFolder();
        var loads = new List<LoadResult>();
        var first = await ProviderServer.StartAsync(folder, settings, cancellationToken);
        await first.StopAsync();
        var empty = await RestartAsync(folder, settings, cancellationToken);
        await using (var server = empty.Server)
        {
            await broker.StartAgainAsync();
            loads.AddRange(await MeasureAsync(server, broker, options.Tenants, progress, cancellationToken));
            await server.StopAsync();
            var full = await RestartAsync(folder, settings, cancellationToken);
            await full.Server.StopAsync();
            return new BenchmarkReport
            {
                Title = "Tenants joining on RabbitMQ, one after the other",
                Machine = Machine.Describe(),
                Loads = loads,
                Notes = [$"A restart of the provider takes {empty.Time.TotalMilliseconds:F0} ms without tenants and {full.Time.TotalMilliseconds:F0} ms with {options.Tenants}, until it is ready."],
            };
        }
    }

    private static async Task<IReadOnlyList<LoadResult>> MeasureAsync(ProviderServer server, RabbitMqServer broker, int count, TextWriter progress, CancellationToken cancellationToken)
    {
        using var adminHttp = server.Connect();
        var admin = new ProviderClient(adminHttp);
        await admin.WithKeyOfAsync(server.DataFolder, server.Trust.Provider());
        using var http = server.Connect();
        var provider = new ProviderClient(http);
        await JoinAsync(server, broker, admin, provider, "warmup", 0, 20, cancellationToken);
        var loads = new List<LoadResult>();
        for (var from = 0; from < count; from += Edge)
        {
            var load = await JoinAsync(server, broker, admin, provider, "bench", from, Math.Min(Edge, count - from), cancellationToken);
            await progress.WriteLineAsync($"tenants {from + 1} to {from + load.Requests}: p50 {load.P50Milliseconds:F1} ms");
            loads.Add(load);
        }

        return [loads[0], loads[^1]];
    }

    private static async Task<LoadResult> JoinAsync(
        ProviderServer server, RabbitMqServer broker, ProviderClient admin, ProviderClient provider, string prefix, int from, int count, CancellationToken cancellationToken)
    {
        var tenants = new JoiningTenant[count];
        try
        {
            for (var i = 0; i < count; i++)
            {
                var tenantId = $"{prefix}-{from + i}";
                var prepared = await admin.PrepareTenantAsync(new PrepareTenantRequest { TenantId = tenantId, DisplayName = tenantId }, cancellationToken);
                tenants[i] = new JoiningTenant(tenantId, prepared.JoinKey);
                tenants[i].MakeRequest();
            }

            await BrokerIsPreparedAsync(broker, $"{prefix}-{from + count - 1}", cancellationToken);
            return await LoadGenerator.RunAsync(
                server.Name, $"join {from + 1} to {from + count}", server.ProcessId, 1, count, (_, index, stop) => tenants[index].JoinAsync(provider, stop), cancellationToken);
        }
        finally
        {
            Array.ForEach(tenants, tenant => tenant?.Dispose());
        }
    }

    /// <summary>The provider makes what a JOIN needs when a tenant is prepared, one after the other; the rights on topics come last.</summary>
    private static async Task BrokerIsPreparedAsync(RabbitMqServer broker, string last, CancellationToken cancellationToken)
    {
        while (await broker.AdminAsync(HttpMethod.Get, $"topic-permissions/{last}/{last}-mqtt-bridge") is null or "[]")
        {
            await Task.Delay(PollInterval, cancellationToken);
        }
    }

    private static async Task<(ProviderServer Server, TimeSpan Time)> RestartAsync(TempFolder folder, Dictionary<string, string?> settings, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var server = await ProviderServer.StartAsync(folder, settings, cancellationToken);
        return (server, Stopwatch.GetElapsedTime(started));
    }
}
