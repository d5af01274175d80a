using System.Globalization;
using System.Security.Cryptography;
using IoTPlatform.Benchmarks.Ledger;
using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Report;
using IoTPlatform.Benchmarks.Servers;
using IoTPlatform.Testing;
using Npgsql;

namespace IoTPlatform.Benchmarks.Ca;

/// <summary>Certificates over HTTPS, beside step-ca, the CA core without HTTPS, and what a server needs to be there.</summary>
internal static class CaBenchmark
{
    private const int Turns = 5;
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
        var starts = new List<(Func<Task<CaServer>> Start, Func<CaServer, Task> Fill)>();
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
            starts.Add((async () => await StepCaServer.StartAsync(peer, cancellationToken), _ => Task.CompletedTask));
        }

        var folder = new TempFolder();
        starts.Add((async () => await ProviderServer.StartAsync(folder, settings, cancellationToken), _ => Task.CompletedTask));
        if (options.Issued > 0)
        {
            var filled = new TempFolder();
            var name = string.Create(CultureInfo.InvariantCulture, $"IoTPlatform, {options.Issued:N0} issued");
            starts.Add((async () => await ProviderServer.StartAsync(filled, settings, cancellationToken, name), server => FillAsync((ProviderServer)server, options.Issued, progress, cancellationToken)));
        }

        notes.ForEach(progress.WriteLine);
        var servers = new List<CaServer>();
        try
        {
            var footprints = new List<FootprintResult>();
            foreach (var (start, fill) in starts)
            {
                var (server, footprint) = await FootprintBenchmark.MeasureAsync(start, fill, cancellationToken);
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

    private static async Task FillAsync(ProviderServer server, int issued, TextWriter progress, CancellationToken cancellationToken)
    {
        await using var database = NpgsqlDataSource.Create($"{server.DatabaseConnectionString};Pooling=false");
        await BenchedLedger.FillAsync(database, LedgerShape.OfProvider(issued), progress, cancellationToken);
    }

    /// <summary>The servers take turns at every figure, several times, and the median turn counts: what else the machine and its disk do meanwhile then hits them alike.</summary>
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
                    var turns = new List<LoadResult>();
                    for (var turn = 0; turn < Turns; turn++)
                    {
                        foreach (var load in loads)
                        {
                            turns.Add(await MeasureAsync(operation(load), concurrency, options, cancellationToken));
                        }
                    }

                    foreach (var ofServer in turns.GroupBy(result => result.Server, StringComparer.Ordinal))
                    {
                        results.Add(ofServer.OrderBy(result => result.PerSecond).ElementAt(Turns / 2));
                        await progress.WriteLineAsync($"{results[^1].Server}: {results[^1].Operation} x{concurrency}: {results[^1].PerSecond:F0}/s ({ofServer.Min(result => result.PerSecond):F0} to {ofServer.Max(result => result.PerSecond):F0}), {results[^1].CpuMicroseconds:F0} us CPU each");
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
        return await measure(concurrency, Math.Max(100, (int)(pace.PerSecond * options.Seconds / Turns)), cancellationToken);
    }
}
