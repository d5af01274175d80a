using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Report;
using IoTPlatform.Benchmarks.Servers;

namespace IoTPlatform.Benchmarks.Ca;

/// <summary>Certificates over HTTPS, beside step-ca, and the CA core without HTTPS.</summary>
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

        var results = new List<LoadResult>();
        if (!options.WithoutPeer)
        {
            var (peer, reason) = await StepCaServer.TryStartAsync(cancellationToken);
            if (peer is null)
            {
                await progress.WriteLineAsync(reason);
                notes.Add(reason);
            }
            else
            {
                await using (peer)
                {
                    results.AddRange(await MeasureAsync(peer, options, progress, cancellationToken));
                }
            }
        }

        await using (var provider = await ProviderServer.StartAsync(cancellationToken))
        {
            results.AddRange(await MeasureAsync(provider, options, progress, cancellationToken));
        }

        return new BenchmarkReport { Title = "Certificates", Machine = Machine.Describe(), Core = core, Loads = results, Notes = notes };
    }

    private static async Task<List<LoadResult>> MeasureAsync(CaServer server, BenchmarkOptions options, TextWriter progress, CancellationToken cancellationToken)
    {
        using var tokens = await TokenSource.OpenAsync(server, cancellationToken);
        var load = new CaLoad(server, tokens);
        await progress.WriteLineAsync($"{server.Name}: warming up");
        await load.SignAsync(WarmUpConcurrency, WarmUpRequests, cancellationToken);
        await load.RenewAsync(WarmUpConcurrency, WarmUpRequests, cancellationToken);

        var results = new List<LoadResult>();
        foreach (var measure in new[] { load.SignAsync, load.RenewAsync })
        {
            foreach (var concurrency in options.Concurrency)
            {
                // A short run says how many requests fill the time; all of them are prepared before the clock starts.
                var pace = await measure(concurrency, Math.Max(200, 20 * concurrency), cancellationToken);
                var result = await measure(concurrency, Math.Max(100, (int)(pace.PerSecond * options.Seconds)), cancellationToken);
                await progress.WriteLineAsync($"{server.Name}: {result.Operation} x{concurrency}: {result.PerSecond:F0}/s, {result.CpuMicroseconds:F0} us CPU each");
                results.Add(result);
            }
        }

        return results;
    }
}
