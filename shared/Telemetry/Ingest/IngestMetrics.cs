using System.Diagnostics.Metrics;

namespace IoTPlatform.Telemetry.Ingest;

/// <summary>Counters for meter listeners (dotnet-counters, an exporter).</summary>
public sealed class IngestMetrics : IDisposable
{
    public const string Name = "IoTPlatform.Telemetry";
    private readonly Meter _meter = new(Name);
    private readonly Counter<long> _stored;
    private readonly Counter<long> _repeated;
    private readonly Counter<long> _dead;
    private readonly Counter<long> _refused;

    public IngestMetrics()
    {
        _stored = _meter.CreateCounter<long>("iot.telemetry.stored", "{message}");
        _repeated = _meter.CreateCounter<long>("iot.telemetry.repeated", "{message}", "Acknowledged without storing: already there.");
        _dead = _meter.CreateCounter<long>("iot.telemetry.dead_lettered", "{message}");
        _refused = _meter.CreateCounter<long>("iot.telemetry.refused", "{message}", "Not stored, and the sender was told why.");
    }

    public void Stored(int rows, int messages)
    {
        _stored.Add(rows);
        _repeated.Add(messages - rows);
    }

    public void DeadLettered(string tenantId, string reason) => _dead.Add(1, new("tenant", tenantId), new("reason", reason));

    public void Refused(string tenantId, string reason) => _refused.Add(1, new("tenant", tenantId), new("reason", reason));

    public void Dispose() => _meter.Dispose();
}
