using IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

namespace IoTPlatform.Provider.Features.Messaging.RabbitMq;

/// <summary>What reading a tenant's telemetry takes: its queue, and the exchange that leads to what can't be stored. Nothing else in the vHost.</summary>
internal static class TelemetryRights
{
    public static PermissionOrder Permission { get; } = new(Configure: "^$", Write: @"^telemetry\.dead$", Read: "^telemetry$");
}
