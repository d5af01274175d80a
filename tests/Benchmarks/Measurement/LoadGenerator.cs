using System.Diagnostics;

namespace IoTPlatform.Benchmarks.Measurement;

/// <summary>Closed loop: each worker sends its next request when the last one is answered.</summary>
internal static class LoadGenerator
{
    /// <param name="serverProcessId">Root of the process tree whose CPU time is read before and after.</param>
    /// <param name="send">Sends request <c>index</c> over the connection of <c>worker</c>; true if the answer was right.</param>
    public static async Task<LoadResult> RunAsync(
        string server, string operation, int serverProcessId, int concurrency, int requests,
        Func<int, int, CancellationToken, Task<bool>> send, CancellationToken cancellationToken)
    {
        var milliseconds = new double[requests];
        var next = -1;
        var failures = 0;
        var before = CpuTime.Of(serverProcessId);
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, concurrency).Select(worker => Task.Run(() => WorkAsync(worker), cancellationToken)));
        var elapsed = Stopwatch.GetElapsedTime(started);
        var cpu = CpuTime.Of(serverProcessId) - before;
        Array.Sort(milliseconds);
        return new LoadResult
        {
            Server = server,
            Operation = operation,
            Concurrency = concurrency,
            Requests = requests,
            Failures = failures,
            PerSecond = requests / elapsed.TotalSeconds,
            P50Milliseconds = milliseconds[requests / 2],
            P99Milliseconds = milliseconds[Math.Min(requests - 1, requests * 99 / 100)],
            ServerCpuMicroseconds = cpu.Server.TotalMicroseconds / requests,
            DatabaseCpuMicroseconds = cpu.Database.TotalMicroseconds / requests,
        };

        async Task WorkAsync(int worker)
        {
            for (int index; (index = Interlocked.Increment(ref next)) < requests;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var sent = Stopwatch.GetTimestamp();
                if (!await send(worker, index, cancellationToken))
                {
                    Interlocked.Increment(ref failures);
                }

                milliseconds[index] = Stopwatch.GetElapsedTime(sent).TotalMilliseconds;
            }
        }
    }
}
