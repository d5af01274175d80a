using IoTPlatform.Mqtt;
using IoTPlatform.Telemetry.Ingest;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>The way into the telemetry writer of each device's connection.</summary>
internal sealed class DeviceIntakes(TelemetryIntake intake, JoinedTenant tenant) : PerConnection<ConnectionIntake>
{
    protected override ConnectionIntake Create(MqttIdentity connection) => intake.OpenConnection(tenant.TenantId);
}
