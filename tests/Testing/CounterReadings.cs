using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace IoTPlatform.Testing;

/// <summary>What the counters of one host have counted since. Other hosts of this process have meters of the same name, with another scope.</summary>
public sealed class CounterReadings : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(string Counter, string? Reason), long> _counted = new();

    /// <param name="scope">Of the meter.</param>
    public CounterReadings(object scope)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, scope))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            string? reason = null;
            foreach (var (name, text) in tags)
            {
                reason = name == "reason" ? (string?)text : reason;
            }

            _counted.AddOrUpdate((instrument.Name, reason), value, (_, before) => before + value);
        });
        _listener.Start();
    }

    /// <param name="counter">Its name.</param>
    /// <param name="reason">With this tag; null: without one.</param>
    public long Of(string counter, string? reason = null) => _counted.GetValueOrDefault((counter, reason));

    public void Dispose() => _listener.Dispose();
}
