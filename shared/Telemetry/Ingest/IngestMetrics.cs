using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;

namespace IoTPlatform.Telemetry.Ingest;

/// <summary>Counters for meter listeners (dotnet-counters, an exporter).</summary>
public sealed class IngestMetrics : IDisposable
{
    public const string Name = "IoTPlatform.Telemetry";
    private readonly Meter _meter;
    private readonly Counter<long> _stored;
    private readonly Counter<long> _repeated;
    private readonly Counter<long> _dead;
    private readonly Counter<long> _refused;
    private readonly Lock _gate = new();
    private Dictionary<string, long> _acknowledged = new(StringComparer.Ordinal);

    public IngestMetrics()
    {
        _meter = new Meter(new MeterOptions(Name) { Scope = this });
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

    /// <summary>Of one tenant: acknowledged to its sender, whether stored now or before.</summary>
    public void Acknowledged(string tenantId, int messages)
    {
        lock (_gate)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_acknowledged, tenantId, out _) += messages;
        }
    }

    /// <summary>Acknowledged messages by tenant, since this was asked last.</summary>
    public IReadOnlyDictionary<string, long> TakeAcknowledged()
    {
        lock (_gate)
        {
            var taken = _acknowledged;
            _acknowledged = new(StringComparer.Ordinal);
            return taken;
        }
    }

    public void DeadLettered(string tenantId, string reason) => _dead.Add(1, new("tenant", tenantId), new("reason", reason));

    public void Refused(string tenantId, string reason) => _refused.Add(1, new("tenant", tenantId), new("reason", reason));

    public void Dispose() => _meter.Dispose();
}
