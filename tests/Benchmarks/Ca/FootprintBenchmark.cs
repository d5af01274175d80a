using System.Diagnostics;
using System.Security.Cryptography;
using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Report;
using IoTPlatform.Benchmarks.Servers;

namespace IoTPlatform.Benchmarks.Ca;

/// <summary>What a CA needs to be there: the time from the start of its process to its first signature, on data of an earlier start, and memory.</summary>
internal static class FootprintBenchmark
{
    private const int Signatures = 10_000;
    private const int Concurrency = 32;

    /// <summary>The server runs on.</summary>
    public static async Task<(CaServer Server, FootprintResult Result)> MeasureAsync(Func<Task<CaServer>> start, CancellationToken cancellationToken)
    {
        var first = await start();
        var request = await CreateRequestAsync(first, cancellationToken);
        await first.StopAsync();

        var started = Stopwatch.GetTimestamp();
        var server = await start();
        await CaLoad.SignAsync(server, request, cancellationToken);
        var elapsed = Stopwatch.GetElapsedTime(started);
        var atStart = ResidentMemory.Of(server.ProcessId);

        using var tokens = await TokenSource.OpenAsync(server, cancellationToken);
        await new CaLoad(server, tokens).SignAsync(Concurrency, Signatures, cancellationToken);
        var afterwards = ResidentMemory.Of(server.ProcessId);
        return (server, new FootprintResult
        {
            Server = server.Name,
            FirstSignatureMilliseconds = elapsed.TotalMilliseconds,
            ServerMiB = atStart.ServerMiB,
            DatabaseMiB = atStart.DatabaseMiB,
            ServerMiBAfterwards = afterwards.ServerMiB,
            DatabaseMiBAfterwards = afterwards.DatabaseMiB,
        });
    }

    private static async Task<byte[]> CreateRequestAsync(CaServer server, CancellationToken cancellationToken)
    {
        using var tokens = await TokenSource.OpenAsync(server, cancellationToken);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return SignRequest.Create(tokens, key, number: -1);
    }
}
