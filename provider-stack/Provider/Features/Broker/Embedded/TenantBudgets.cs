using System.Collections.Concurrent;

namespace IoTPlatform.Provider.Features.Broker.Embedded;

/// <summary>
/// What a tenant's plan lets it send up, over all its connections to this process. A minute's worth may come at once; who has used that up waits, and
/// keeps what it has to send.
/// </summary>
internal sealed class TenantBudgets(TimeProvider time)
{
    private const int BurstSeconds = 60;
    private readonly ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);

    /// <summary>How long to wait before the next; null: taken.</summary>
    public TimeSpan? TryTake(string tenantId, TelemetryBudget budget, int messages, int bytes)
    {
        var bucket = _buckets.GetOrAdd(tenantId, _ => new Bucket(time.GetTimestamp(), budget));
        lock (bucket)
        {
            bucket.Refill(time, budget);
            if (bucket is { Messages: > 0, Bytes: > 0 })
            {
                // The last one may be larger than what is left: debt is waited for by the next.
                bucket.Messages -= messages;
                bucket.Bytes -= bytes;
                return null;
            }

            return TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(Math.Max(-bucket.Messages / budget.MessagesPerSecond, -bucket.Bytes / budget.BytesPerSecond))));
        }
    }

    /// <summary>Of a batch that was refused: its messages come again one by one, and each is paid for then.</summary>
    public void GiveBack(string tenantId, int messages, int bytes)
    {
        if (_buckets.TryGetValue(tenantId, out var bucket))
        {
            lock (bucket)
            {
                bucket.Messages += messages;
                bucket.Bytes += bytes;
            }
        }
    }

    private sealed class Bucket(long last, TelemetryBudget budget)
    {
        private long _last = last;

        public double Messages { get; set; } = (double)BurstSeconds * budget.MessagesPerSecond;

        public double Bytes { get; set; } = (double)BurstSeconds * budget.BytesPerSecond;

        public void Refill(TimeProvider time, TelemetryBudget budget)
        {
            var now = time.GetTimestamp();
            var seconds = time.GetElapsedTime(_last, now).TotalSeconds;
            _last = now;
            Messages = Math.Min((double)BurstSeconds * budget.MessagesPerSecond, Messages + seconds * budget.MessagesPerSecond);
            Bytes = Math.Min((double)BurstSeconds * budget.BytesPerSecond, Bytes + seconds * budget.BytesPerSecond);
        }
    }
}
