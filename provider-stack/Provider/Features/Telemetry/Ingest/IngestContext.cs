using System.Threading.Channels;
using IoTPlatform.Provider.Features.Commands;
using IoTPlatform.Telemetry;
using IoTPlatform.Telemetry.Ingest;

namespace IoTPlatform.Provider.Features.Telemetry.Ingest;

/// <summary>What all sessions share.</summary>
internal sealed record IngestContext(
    ChannelWriter<TelemetryDelivery> Queue, TelemetryOptions Options, IngestMetrics Metrics, TenantCommandReports Reports, UplinkCheckpoints Checkpoints, TimeProvider Time);
