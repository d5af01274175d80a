using System.Diagnostics.Metrics;
using IoTPlatform.Telemetry.Ingest;

namespace IoTPlatform.Portal.Live;

/// <summary>How many messages this process has stored in each minute of the last hour, by the counter that it measures itself with.</summary>
public sealed class MessageRates : IDisposable
{
    public const int Minutes = 60;
    private const string Counter = "iot.telemetry.stored";
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly (long Minute, long Messages)[] _minutes = new (long, long)[Minutes];
    private readonly TimeProvider _time;

    public MessageRates(TimeProvider time)
    {
        _time = time;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == Counter && instrument.Meter.Name == IngestMetrics.Name)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, messages, _, _) => Add(messages));
        _listener.Start();
    }

    /// <summary>The present minute last; it is not over.</summary>
    public IReadOnlyList<long> Read()
    {
        var now = Minute();
        lock (_gate)
        {
            return [.. Enumerable.Range(0, Minutes).Select(i => now - Minutes + 1 + i).Select(minute => _minutes[minute % Minutes] is var slot && slot.Minute == minute ? slot.Messages : 0)];
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Add(long messages)
    {
        var now = Minute();
        lock (_gate)
        {
            ref var slot = ref _minutes[now % Minutes];
            slot = (now, slot.Minute == now ? slot.Messages + messages : messages);
        }
    }

    private long Minute() => _time.GetUtcNow().ToUnixTimeSeconds() / 60;
}
