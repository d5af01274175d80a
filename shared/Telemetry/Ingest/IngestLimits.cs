using Polly.Retry;

namespace IoTPlatform.Telemetry.Ingest;

/// <summary>What bounds memory and waiting. Everything beyond it waits at the broker.</summary>
public static class IngestLimits
{
    /// <summary>Messages of one source that are neither acknowledged nor at the broker. Also how far back a repetition is looked for.</summary>
    public const ushort Prefetch = 512;

    /// <summary>Messages of all sources that wait for the writer.</summary>
    public const int Waiting = 2048;

    public const int BatchMessages = 1024;
    public const int BatchCharacters = 8 * 1024 * 1024;

    /// <summary>A batch below this waits once for more: a commit costs much more than a message.</summary>
    public const int SmallBatch = 128;
    public static readonly TimeSpan SmallBatchWait = TimeSpan.FromMilliseconds(5);

    /// <summary>Statements spent on finding what the database refuses in one batch. What is left after them goes back to the broker.</summary>
    public const int IsolationStatements = 64;

    /// <summary>For what has been received when the host stops.</summary>
    public static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(5);

    /// <summary>While the broker or the database is away.</summary>
    public static RetryStrategyOptions Backoff => Hosting.Backoff.Endless(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
}
