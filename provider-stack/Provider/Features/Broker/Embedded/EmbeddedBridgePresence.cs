using IoTPlatform.Mqtt;

namespace IoTPlatform.Provider.Features.Broker.Embedded;

/// <summary>Records which tenants' bridges are connected to the embedded broker.</summary>
internal sealed class EmbeddedBridgePresence(IServiceProvider services, BridgePresence presence, TimeProvider time, ILogger<EmbeddedBridgePresence> log)
    : PresenceRecorder("bridges", services, time, log)
{
    protected override Task RecordAsync(IReadOnlyCollection<string> connected, CancellationToken cancellationToken) =>
        presence.ReconcileAsync(BridgeSessions.TenantsOf(connected), cancellationToken);
}
