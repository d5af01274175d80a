using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Mqtt;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Bridge;
using IoTPlatform.Telemetry;
using MQTTnet.Protocol;

namespace IoTPlatform.Provider.Features.Broker.Embedded;

/// <summary>
/// A bridge is who its certificate says: one that the Intermediate CA issued itself, on record for a tenant's JOIN, in date and not revoked. Nothing that
/// a Sub-CA signed gets in, whatever its names.
/// </summary>
internal sealed class BridgeAuthenticator(Authority authority, BridgeJoins joins, TenantPlans plans, BridgeSessions sessions) : IMqttAuthenticator
{
    public async ValueTask<AuthenticationResult> AuthenticateAsync(MqttCredentials credentials, CancellationToken cancellationToken)
    {
        if (credentials.Certificate is not { } certificate)
        {
            return AuthenticationResult.Refused(MqttConnectReasonCode.NotAuthorized, "A bridge connects with its certificate.");
        }

        KnownCertificate known;
        try
        {
            known = await authority.IdentifyAsync(certificate, cancellationToken);
        }
        catch (ProblemException e) when (e.Status == StatusCodes.Status401Unauthorized)
        {
            return AuthenticationResult.Refused(MqttConnectReasonCode.NotAuthorized, e.Message);
        }

        var record = known.Record;
        if (record.Profile != Profiles.MqttBridge.Name || await joins.FindAsync(record.Tenant, record.Lineage, cancellationToken) is not var (tenant, _))
        {
            return AuthenticationResult.Refused(MqttConnectReasonCode.NotAuthorized, "The client certificate is not that of a tenant's bridge.");
        }

        if (TenantBroker.IsSuspended(tenant))
        {
            return AuthenticationResult.Refused(MqttConnectReasonCode.Banned, $"Tenant {tenant.TenantId} is suspended.");
        }

        return Admit(tenant, credentials.ClientId, record.NotAfter);
    }

    private AuthenticationResult Admit(TenantRow tenant, string clientId, DateTimeOffset notAfter)
    {
        var access = BridgeAccess.For(tenant.TenantId);
        var id = clientId.Length == 0 ? access.ClientIdPrefix + "bridge" : clientId;
        if (id.Length <= access.ClientIdPrefix.Length || !id.StartsWith(access.ClientIdPrefix, StringComparison.Ordinal))
        {
            return AuthenticationResult.Refused(MqttConnectReasonCode.ClientIdentifierNotValid, $"Client ids of this tenant begin with {access.ClientIdPrefix}");
        }

        var limits = plans.LimitsOf(tenant.Plan);
        return sessions.Of(tenant.TenantId).Where(name => name != id).Take(limits.MaxConnections).Count() == limits.MaxConnections
            ? AuthenticationResult.Refused(MqttConnectReasonCode.QuotaExceeded, $"This tenant has {limits.MaxConnections} connections already.")
            : AuthenticationResult.Admitted(new MqttIdentity
            {
                Name = id,
                ClientId = id,
                Access = BridgeAccess.TopicsOf(access, TelemetryBatch.Topic),
                Limits = BridgeLimits.For(limits),
                Credential = plans.BudgetOf(tenant.Plan),
                Offers = [KeyValuePair.Create(TelemetryBatch.Offer, TelemetryBatch.Version)],
                ExpiresAt = notAfter,
            });
    }
}

/// <summary>A bridge speaks for all of its tenant's devices.</summary>
internal static class BridgeLimits
{
    /// <summary>Topic and headers around the longest payload.</summary>
    private const int Around = 1024;

    public static MqttLimits For(BrokerLimits limits) => new()
    {
        PacketSize = limits.MaxMessageBytes + Around,
        MessagesPerSecond = 50_000,
        BytesPerSecond = 64 * 1024 * 1024,
        InFlight = 512,
        InFlightBytes = 16 * 1024 * 1024,
    };
}
