using System.Diagnostics;
using System.Security.Cryptography;
using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Report;
using IoTPlatform.Benchmarks.Servers;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.Benchmarks.Telemetry;

/// <summary>
/// From full queues at RabbitMQ to committed rows: bridges publish while the provider is stopped, and then it is started. What was
/// stored before it said that it is ready is left out.
/// </summary>
internal static class IngestBenchmark
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

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
        foreach (var tenants in options.Concurrency)
        {
            loads.Add(await MeasureAsync(broker, folder, settings, tenants, options.Messages, progress, cancellationToken));
        }

        return new BenchmarkReport
        {
            Title = "Telemetry from RabbitMQ to committed rows",
            Machine = Machine.Describe(),
            Loads = loads,
            Notes = ["A client is a tenant with its own queue and connection. p50 and p99 are not measured. RabbitMQ shares the machine; its CPU is not in the figures."],
        };
    }

    private static async Task<LoadResult> MeasureAsync(
        RabbitMqServer broker, TempFolder folder, Dictionary<string, string?> settings, int tenants, int messages, TextWriter progress, CancellationToken cancellationToken)
    {
        var first = await ProviderServer.StartAsync(folder, settings, cancellationToken);
        if (broker.Log.Length == 0)
        {
            await broker.StartAgainAsync();
        }

        var bridges = await JoinAsync(first, tenants, cancellationToken);
        await first.StopAsync();
        // No provider answers for the bridges now: the broker's own permissions let them publish.
        foreach (var bridge in bridges)
        {
            await broker.AdminAsync(HttpMethod.Put, $"permissions/{bridge.TenantId}/{bridge.TenantId}-mqtt-bridge", """{"configure":"^mqtt-subscription-.*","write":".*","read":".*"}""");
        }

        await progress.WriteLineAsync($"{tenants} tenants publish {messages} messages");
        await Task.WhenAll(bridges.Select(bridge => bridge.PublishAsync(broker, messages / tenants)));
        bridges.ForEach(bridge => bridge.Dispose());

        var server = await ProviderServer.StartAsync(folder, settings, cancellationToken);
        await using var database = NpgsqlDataSource.Create(server.DatabaseConnectionString);
        var tenantIds = bridges.Select(bridge => bridge.TenantId).ToArray();
        var already = await CountAsync(database, "true", tenantIds, cancellationToken);
        var before = CpuTime.Of(server.ProcessId);
        var started = Stopwatch.GetTimestamp();
        while (await CountAsync(database, $"device_id = '{PublishingBridge.Last}'", tenantIds, cancellationToken) < tenants)
        {
            await Task.Delay(Look, cancellationToken);
        }

        var elapsed = Stopwatch.GetElapsedTime(started);
        var cpu = CpuTime.Of(server.ProcessId) - before;
        var stored = await CountAsync(database, "true", tenantIds, cancellationToken);
        var measured = (int)(stored - already);
        await server.StopAsync();
        return new LoadResult
        {
            Server = server.Name,
            Operation = "ingest",
            Concurrency = tenants,
            Requests = measured,
            Failures = (int)((messages / tenants + 1L) * tenants - stored),
            PerSecond = measured / elapsed.TotalSeconds,
            ServerCpuMicroseconds = cpu.Server.TotalMicroseconds / measured,
            DatabaseCpuMicroseconds = cpu.Database.TotalMicroseconds / measured,
        };
    }

    private static async Task<List<PublishingBridge>> JoinAsync(ProviderServer server, int tenants, CancellationToken cancellationToken)
    {
        using var adminHttp = server.Connect();
        var admin = new ProviderClient(adminHttp);
        await admin.WithKeyOfAsync(server.DataFolder, server.Trust.Provider());
        var bridges = new List<PublishingBridge>();
        for (var i = 0; i < tenants; i++)
        {
            var tenantId = $"ingest{tenants}-{i}";
            var prepared = await admin.PrepareTenantAsync(new PrepareTenantRequest { TenantId = tenantId, DisplayName = tenantId }, cancellationToken);
            bridges.Add(await PublishingBridge.JoinAsync(admin, tenantId, prepared.JoinKey, cancellationToken));
        }

        return bridges;
    }

    private static async Task<long> CountAsync(NpgsqlDataSource database, string condition, string[] tenantIds, CancellationToken cancellationToken)
    {
        await using var count = database.CreateCommand($"SELECT count(*) FROM provider.telemetry WHERE tenant_id = ANY ($1) AND {condition}");
        count.Parameters.Add(new() { Value = tenantIds });
        return (long)(await count.ExecuteScalarAsync(cancellationToken))!;
    }
}
