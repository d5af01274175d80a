using System.Runtime.CompilerServices;
using IoTPlatform.Mqtt;
using IoTPlatform.Telemetry.Ingest;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>The way into the telemetry writer of each connection: the end of one, where the database is away, ends no other.</summary>
internal sealed class DeviceIntakes(TelemetryIntake intake, JoinedTenant tenant) : ISessionObserver
{
    private readonly ConditionalWeakTable<MqttIdentity, Pair> _connections = [];

    public Pair Of(MqttIdentity connection) => _connections.GetValue(connection, _ => new Pair(intake.Open(tenant.TenantId), intake.Open(tenant.TenantId)));

    public Task ConnectedAsync(MqttIdentity identity, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>What is not stored and not acknowledged comes again with its next connection.</summary>
    public Task DisconnectedAsync(MqttIdentity identity, CancellationToken cancellationToken)
    {
        if (_connections.TryGetValue(identity, out var pair))
        {
            pair.Acknowledged.End("the connection ended");
        }

        return Task.CompletedTask;
    }

    /// <param name="Acknowledged">For messages that the device keeps until they are acknowledged.</param>
    /// <param name="Once">For messages that come no second time: QoS 0, and the will.</param>
    internal sealed record Pair(IntakeSession Acknowledged, IntakeSession Once);
}
