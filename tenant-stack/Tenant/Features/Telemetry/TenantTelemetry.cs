using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Telemetry;

namespace IoTPlatform.Tenant.Features.Telemetry;

/// <summary>What this tenant's devices sent.</summary>
internal static class TenantTelemetry
{
    /// <summary>"iot-tele" in ASCII.</summary>
    private const long OneWriter = 0x696f742d74656c65;

    private static readonly string Turn = $"SELECT pg_advisory_xact_lock({OneWriter})";

    /// <summary>
    /// One batch at a time, until its commit: so sequences are visible in their order, also after a writer that died during its statement. A
    /// repetition may come before the lock is had; it is found by the key nevertheless.
    /// </summary>
    public static TelemetryTable Table { get; } = new()
    {
        Name = "tenant.telemetry",
        OfManyTenants = false,
        Turn = Turn,
        Insert =
            $"""
            WITH turn AS MATERIALIZED (
              {Turn}
            ), m AS MATERIALIZED (
              SELECT * FROM unnest($2, $3, $4, $5, $6, $7) AS m (device_id, sent_at, identity, received_at, topic, payload)
            ), state AS (
              INSERT INTO tenant.device_state AS s (device_id, sent_at, received_at, topic, payload)
              SELECT DISTINCT ON (m.device_id) m.device_id, m.sent_at, m.received_at, m.topic, m.payload
              FROM turn, m WHERE starts_with(m.topic, '{TelemetryFormat.StatePrefix}') ORDER BY m.device_id, m.sent_at DESC, m.received_at DESC
              ON CONFLICT (device_id) DO UPDATE
                SET sent_at = excluded.sent_at, received_at = excluded.received_at, topic = excluded.topic, payload = excluded.payload
                WHERE excluded.sent_at > s.sent_at
            )
            INSERT INTO tenant.telemetry (device_id, sent_at, identity, received_at, topic, payload)
            SELECT m.device_id, m.sent_at, m.identity, m.received_at, m.topic, m.payload FROM turn, m
            ON CONFLICT DO NOTHING
            """,
    };

    /// <summary>A message has to fit through the provider's ingest with the timestamp that the uplink may add.</summary>
    public static TelemetryOptions Limit(TelemetryOptions options) => options with { LongestPayload = TelemetryFormat.LongestFromDevice };
}
