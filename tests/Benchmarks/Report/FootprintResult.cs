namespace IoTPlatform.Benchmarks.Report;

/// <summary>Time and memory of one CA. Memory after the first signature, and after 10,000 more.</summary>
internal sealed record FootprintResult
{
    public required string Server { get; init; }

    public required double FirstSignatureMilliseconds { get; init; }

    public required double ServerMiB { get; init; }

    public required double DatabaseMiB { get; init; }

    public required double ServerMiBAfterwards { get; init; }

    public required double DatabaseMiBAfterwards { get; init; }
}
