using System.Diagnostics;
using System.Security.Cryptography;
using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Report;
using IoTPlatform.Benchmarks.Servers;

namespace IoTPlatform.Benchmarks.Ca;

/// <summary>What a CA needs to be there: the time from the start of its process to its first signature, on data of an earlier start (the median of a few), and memory.</summary>
internal static class FootprintBenchmark
{
    private const int Signatures = 10_000;
    private const int Concurrency = 32;
    private const int Starts = 3;

    /// <summary>The server runs on.</summary>
    /// <param name="start">Starts it, on what it has.</param>
    /// <param name="fill">Gives it more than that, while it runs for the first time.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<(CaServer Server, FootprintResult Result)> MeasureAsync(Func<Task<CaServer>> start, Func<CaServer, Task> fill, CancellationToken cancellationToken)
    {
        var first = await start();
        await fill(first);
        // A token buys once.
        var requests = await CreateRequestsAsync(first, cancellationToken);

        var server = first;
        var elapsed = new List<TimeSpan>();
        foreach (var request in requests)
        {
            await server.StopAsync();
            var started = Stopwatch.GetTimestamp();
            server = await start();
            await CaLoad.SignAsync(server, request, cancellationToken);
            elapsed.Add(Stopwatch.GetElapsedTime(started));
        }

        var atStart = ResidentMemory.Of(server.ProcessId);

        using var tokens = await TokenSource.OpenAsync(server, cancellationToken);
        await new CaLoad(server, tokens).SignAsync(Concurrency, Signatures, cancellationToken);
        var afterwards = ResidentMemory.Of(server.ProcessId);
        return (server, new FootprintResult
        {
            Server = server.Name,
            FirstSignatureMilliseconds = elapsed.Order().ElementAt(Starts / 2).TotalMilliseconds,
            ServerMiB = atStart.ServerMiB,
            DatabaseMiB = atStart.DatabaseMiB,
            ServerMiBAfterwards = afterwards.ServerMiB,
            DatabaseMiBAfterwards = afterwards.DatabaseMiB,
        });
    }

    private static async Task<byte[][]> CreateRequestsAsync(CaServer server, CancellationToken cancellationToken)
    {
        using var tokens = await TokenSource.OpenAsync(server, cancellationToken);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return [.. Enumerable.Range(1, Starts).Select(start => SignRequest.Create(tokens, key, number: -start))];
    }
}
