using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Report;
using IoTPlatform.Benchmarks.Servers;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Stacks;

namespace IoTPlatform.Benchmarks.Join;

/// <summary>Tenants joining over the public API: prepare as an admin, join, confirm.</summary>
internal static class JoinBenchmark
{
    private const int WarmUpTenants = 20;

    public static async Task<BenchmarkReport> RunAsync(BenchmarkOptions options, TextWriter progress, CancellationToken cancellationToken)
    {
        await using var server = await ProviderServer.StartAsync(cancellationToken);
        using var adminHttp = server.Connect();
        var admin = new ProviderClient(adminHttp);
        await admin.WithKeyOfAsync(server.DataFolder, server.Trust.Provider());

        await progress.WriteLineAsync("warming up");
        await MeasureAsync(server, admin, "warmup", WarmUpTenants, options.Concurrency[0], cancellationToken);
        var loads = new List<LoadResult>();
        foreach (var concurrency in options.Concurrency)
        {
            await progress.WriteLineAsync($"{options.Tenants} tenants join, {concurrency} at a time");
            loads.AddRange(await MeasureAsync(server, admin, $"bench{concurrency}", options.Tenants, concurrency, cancellationToken));
        }

        return new BenchmarkReport { Title = "Tenants joining", Machine = Machine.Describe(), Loads = loads };
    }

    private static async Task<IReadOnlyList<LoadResult>> MeasureAsync(
        ProviderServer server, ProviderClient admin, string prefix, int count, int concurrency, CancellationToken cancellationToken)
    {
        var tenants = new JoiningTenant[count];
        var connections = Enumerable.Range(0, concurrency).Select(_ => server.Connect()).ToArray();
        try
        {
            for (var i = 0; i < count; i++)
            {
                var tenantId = $"{prefix}-{i}";
                var prepared = await admin.PrepareTenantAsync(new PrepareTenantRequest { TenantId = tenantId, DisplayName = $"Tenant {i}" }, cancellationToken);
                tenants[i] = new JoiningTenant(tenantId, prepared.JoinKey);
                tenants[i].MakeRequest();
            }

            await Task.WhenAll(connections.Select(http => http.GetStringAsync(new Uri(server.Url, "health"), cancellationToken)));
            var providers = connections.Select(http => new ProviderClient(http)).ToArray();
            return
            [
                await LoadGenerator.RunAsync(server.Name, "join", server.ProcessId, concurrency, count, (worker, index, stop) => tenants[index].JoinAsync(providers[worker], stop), cancellationToken),
                await LoadGenerator.RunAsync(server.Name, "confirm", server.ProcessId, concurrency, count, (worker, index, stop) => tenants[index].ConfirmAsync(providers[worker], stop), cancellationToken),
            ];
        }
        finally
        {
            Array.ForEach(tenants, tenant => tenant?.Dispose());
            Array.ForEach(connections, http => http.Dispose());
        }
    }
}
