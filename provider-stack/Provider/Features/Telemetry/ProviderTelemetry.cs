using IoTPlatform.Telemetry;

namespace IoTPlatform.Provider.Features.Telemetry;

/// <summary>The telemetry of all tenants. Messages of a tenant that is being removed go nowhere.</summary>
internal static class ProviderTelemetry
{
    public static TelemetryTable Table { get; } = new()
    {
        Name = "provider.telemetry",
        OfManyTenants = true,
        Insert =
            """
            INSERT INTO provider.telemetry (tenant_id, device_id, sent_at, identity, received_at, topic, payload)
            SELECT m.tenant_id, m.device_id, m.sent_at, m.identity, m.received_at, m.topic, m.payload
            FROM unnest($1, $2, $3, $4, $5, $6, $7) AS m (tenant_id, device_id, sent_at, identity, received_at, topic, payload)
            WHERE m.tenant_id IN (SELECT t.tenant_id FROM provider.tenants t WHERE t.tenant_id = ANY ($8) AND t.status <> 'removing')
            ON CONFLICT DO NOTHING
            """,
    };
}
