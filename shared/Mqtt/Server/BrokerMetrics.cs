using System.Diagnostics.Metrics;

namespace IoTPlatform.Mqtt;

/// <summary>Of <see cref="MqttHosting.MeterName"/>.</summary>
internal sealed class BrokerMetrics : IDisposable
{
    private readonly Meter _meter;
    private readonly Counter<long> _stored;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _dropped;
    private long _droppedTotal;

    public BrokerMetrics(MqttSessions sessions)
    {
        _meter = new Meter(new MeterOptions(MqttHosting.MeterName) { Scope = this });
        _stored = _meter.CreateCounter<long>("iot.mqtt.stored");
        _refused = _meter.CreateCounter<long>("iot.mqtt.refused");
        _dropped = _meter.CreateCounter<long>("iot.mqtt.dropped", description: "QoS 0, beyond the in-flight window");
        _meter.CreateObservableGauge("iot.mqtt.connections", () => sessions.Connected.Count);
    }

    public void Published(bool stored) => (stored ? _stored : _refused).Add(1);

    public void Refused() => _refused.Add(1);

    /// <summary>Since the start.</summary>
    public long DroppedTotal => Interlocked.Read(ref _droppedTotal);

    public void Dropped()
    {
        _dropped.Add(1);
        Interlocked.Increment(ref _droppedTotal);
    }

    public void Dispose() => _meter.Dispose();
}
