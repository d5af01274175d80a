using System.Collections.Concurrent;
using System.Threading.Channels;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Provider.Features.Commands;
using IoTPlatform.Telemetry;
using IoTPlatform.Telemetry.Ingest;

namespace IoTPlatform.Provider.Features.Telemetry.Ingest;

/// <summary>What all sessions share.</summary>
internal sealed record IngestContext(
    ChannelWriter<TelemetryDelivery> Queue, TelemetryOptions Options, IngestMetrics Metrics, TenantCommandReports Reports, UplinkCheckpoints Checkpoints, TimeProvider Time)
{
    /// <summary>By tenant, the newest checkpoint that came while its queue was not read, as in the first seconds after a JOIN: the next session puts it into the queue.</summary>
    public ConcurrentDictionary<string, UplinkProgress> EarlyCheckpoints { get; } = new(StringComparer.Ordinal);
}
