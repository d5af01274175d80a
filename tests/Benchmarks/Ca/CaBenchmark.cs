using System.Security.Cryptography;
using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Report;
using IoTPlatform.Benchmarks.Servers;
using IoTPlatform.Testing;

namespace IoTPlatform.Benchmarks.Ca;

/// <summary>Certificates over HTTPS, beside step-ca, the CA core without HTTPS, and what a server needs to be there.</summary>
internal static class CaBenchmark
{
    private const int WarmUpConcurrency = 32;
    // The runtime compiles hot methods again until some 20,000 requests have gone through them.
    private const int WarmUpRequests = 25_000;

    public static async Task<BenchmarkReport> RunAsync(BenchmarkOptions options, TextWriter progress, CancellationToken cancellationToken)
    {
        var notes = new List<string>();
        var core = new List<CoreResult>();
        foreach (var result in CoreBenchmark.Run(TimeSpan.FromSeconds(Math.Min(options.Seconds, 5))))
        {
            await progress.WriteLineAsync($"one thread: {result.Operation}: {result.PerSecond:F0}/s");
            core.Add(result);
        }

        // One certificate renews as often as the time allows, which no real one may.
        var settings = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["IOT_RENEWALS_PER_SUBJECT"] = "1000000",
            [ProviderServer.AdminPasswordSetting] = RandomNumberGenerator.GetHexString(32),
            [ProviderServer.ProvisionerPasswordSetting] = RandomNumberGenerator.GetHexString(32),
        };
        var starts = new List<Func<Task<CaServer>>>();
        if (options.WithoutPeer)
        {
            notes.Add("measuring without the peer");
        }
        else if (StepCaServer.WhyNot is { } reason)
        {
            notes.Add(reason);
        }
        else
        {
            var peer = new TempFolder();
            starts.Add(async () => await StepCaServer.StartAsync(peer, cancellationToken));
        }

        var folder = new TempFolder();
        starts.Add(async () => await ProviderServer.StartAsync(folder, settings, cancellationToken));
        notes.ForEach(progress.WriteLine);
        var servers = new List<CaServer>();
        try
        {
            var footprints = new List<FootprintResult>();
            foreach (var start in starts)
            {
                var (server, footprint) = await FootprintBenchmark.MeasureAsync(start, cancellationToken);
                servers.Add(server);
                footprints.Add(footprint);
                await progress.WriteLineAsync($"{footprint.Server}: first signature {footprint.FirstSignatureMilliseconds:F0} ms after the start, {footprint.ServerMiB:F0} MiB");
            }

            var results = await MeasureAsync(servers, options, progress, cancellationToken);
            return new BenchmarkReport { Title = "Certificates", Machine = Machine.Describe(), Core = core, Footprints = footprints, Loads = results, Notes = notes };
        }
        finally
        {
            foreach (var server in servers)
            {
                await server.DisposeAsync();
            }
        }
    }

    /// <summary>The servers take turns at every figure: what else the machine does meanwhile then hits them alike.</summary>
    private static async Task<List<LoadResult>> MeasureAsync(IReadOnlyList<CaServer> servers, BenchmarkOptions options, TextWriter progress, CancellationToken cancellationToken)
    {
        var tokens = new List<TokenSource>();
        try
        {
            var loads = new List<CaLoad>();
            foreach (var server in servers)
            {
                tokens.Add(await TokenSource.OpenAsync(server, cancellationToken));
                loads.Add(new CaLoad(server, tokens[^1]));
                await progress.WriteLineAsync($"{server.Name}: warming up");
                await loads[^1].SignAsync(WarmUpConcurrency, WarmUpRequests, cancellationToken);
                await loads[^1].RenewAsync(WarmUpConcurrency, WarmUpRequests, cancellationToken);
            }

            var results = new List<LoadResult>();
            foreach (var operation in new Func<CaLoad, Func<int, int, CancellationToken, Task<LoadResult>>>[] { load => load.SignAsync, load => load.RenewAsync })
            {
                foreach (var concurrency in options.Concurrency)
                {
                    foreach (var load in loads)
                    {
                        results.Add(await MeasureAsync(operation(load), concurrency, options, cancellationToken));
                        await progress.WriteLineAsync($"{results[^1].Server}: {results[^1].Operation} x{concurrency}: {results[^1].PerSecond:F0}/s, {results[^1].CpuMicroseconds:F0} us CPU each");
                    }
                }
            }

            return results;
        }
        finally
        {
            tokens.ForEach(source => source.Dispose());
        }
    }

    private static async Task<LoadResult> MeasureAsync(Func<int, int, CancellationToken, Task<LoadResult>> measure, int concurrency, BenchmarkOptions options, CancellationToken cancellationToken)
    {
        // A short run says how many requests fill the time; all of them are prepared before the clock starts.
        var pace = await measure(concurrency, Math.Max(200, 20 * concurrency), cancellationToken);
        return await measure(concurrency, Math.Max(100, (int)(pace.PerSecond * options.Seconds)), cancellationToken);
    }
}
