using IoTPlatform.Benchmarks.Report;

namespace IoTPlatform.Benchmarks.Join;

internal static class JoinBenchmark
{
    public static Task<BenchmarkReport> RunAsync(BenchmarkOptions options, TextWriter progress, CancellationToken cancellationToken)
        => throw new BenchmarkException("not built yet");
}
