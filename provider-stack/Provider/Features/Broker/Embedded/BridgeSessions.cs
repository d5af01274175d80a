using IoTPlatform.CertificateAuthority;
using IoTPlatform.Mqtt;
using IoTPlatform.Pki;
using MQTTnet.Protocol;

namespace IoTPlatform.Provider.Features.Broker.Embedded;

/// <summary>The embedded broker's sessions, by tenant: the name of each begins with its tenant's prefix.</summary>
internal sealed class BridgeSessions(MqttSessions sessions)
{
    public IEnumerable<string> Of(string tenantId)
    {
        var prefix = BridgeAccess.For(tenantId).ClientIdPrefix;
        return sessions.Connected.Where(name => name.StartsWith(prefix, StringComparison.Ordinal));
    }

    public IReadOnlySet<string> ConnectedTenants => TenantsOf(sessions.Connected);

    public static IReadOnlySet<string> TenantsOf(IEnumerable<string> names) => names.Select(TenantOf).ToHashSet(StringComparer.Ordinal);

    /// <summary>A dot can't be part of a tenant id.</summary>
    public static string TenantOf(string name) => name[..name.IndexOf('.', StringComparison.Ordinal)];

    /// <summary>Ends every connection of the tenant. What decides about the next ones has been committed before.</summary>
    public async Task CloseAsync(string tenantId, string reason)
    {
        // Those that are being admitted now are looked at again: the name is nobody's.
        await sessions.CloseAsync(tenantId, MqttDisconnectReasonCode.AdministrativeAction, reason);
        foreach (var name in Of(tenantId).ToList())
        {
            await sessions.CloseAsync(name, MqttDisconnectReasonCode.AdministrativeAction, reason);
        }
    }
}

/// <summary>Ends the connections of a tenant whose bridge certificate was revoked; with a good one it comes back.</summary>
internal sealed class RevokedBridgeSessions(BridgeSessions sessions) : IRevocationWatcher
{
    public async Task RevokedAsync(IReadOnlyList<RevokedCertificate> certificates, CancellationToken cancellationToken)
    {
        var logins = certificates.Where(c => c.Profile == Profiles.MqttBridge.Name).Select(c => c.Subject).ToHashSet(StringComparer.Ordinal);
        foreach (var tenant in sessions.ConnectedTenants.Where(tenant => logins.Contains(BridgeAccess.For(tenant).Login)))
        {
            await sessions.CloseAsync(tenant, "The certificate was revoked.");
        }
    }
}
