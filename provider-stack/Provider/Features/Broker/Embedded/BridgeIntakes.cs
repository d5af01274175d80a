using IoTPlatform.Mqtt;
using IoTPlatform.Telemetry.Ingest;

namespace IoTPlatform.Provider.Features.Broker.Embedded;

/// <summary>The way into the telemetry writer of each bridge's connection.</summary>
internal sealed class BridgeIntakes(TelemetryIntake intake) : PerConnection<ConnectionIntake>
{
    protected override ConnectionIntake Create(MqttIdentity connection) => intake.OpenConnection(BridgeSessions.TenantOf(connection.Name));
}
