namespace IoTPlatform.Benchmarks.Measurement;

/// <summary>One measurement. CPU is that of the server and its database, not of the load generator.</summary>
internal sealed record LoadResult
{
    public required string Server { get; init; }

    public required string Operation { get; init; }

    public required int Concurrency { get; init; }

    public required int Requests { get; init; }

    public required int Failures { get; init; }

    public required double PerSecond { get; init; }

    public double? P50Milliseconds { get; init; }

    public double? P99Milliseconds { get; init; }

    public required double ServerCpuMicroseconds { get; init; }

    public required double DatabaseCpuMicroseconds { get; init; }

    public double CpuMicroseconds => ServerCpuMicroseconds + DatabaseCpuMicroseconds;
}
