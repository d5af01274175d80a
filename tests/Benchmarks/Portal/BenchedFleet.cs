using Npgsql;

namespace IoTPlatform.Benchmarks.Portal;

/// <summary>The rows of a fleet in which one device in a hundred is revoked, some were never seen and a third is online.</summary>
internal static class BenchedFleet
{
    public static async Task FillAsync(NpgsqlDataSource database, int devices, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand($"""
            INSERT INTO tenant.devices (device_id, device_name, device_type, status, enrolled_at, enrolled_by, not_after, revoked_at)
            SELECT 'meter-' || lpad(i::text, 6, '0'), 'Meter ' || i, 'type-' || i % 20, CASE WHEN i % 100 = 0 THEN 'revoked' ELSE 'enrolled' END, now(), 'token:bench', now() + interval '1 day', CASE WHEN i % 100 = 0 THEN now() END
            FROM generate_series(1, {devices}) i;
            INSERT INTO tenant.device_presence (device_id, online, since, event_id, sequence, told)
            SELECT device_id, device_id < 'meter-033334', now(), gen_random_uuid(), nextval('tenant.presence_sequence'), true FROM tenant.devices WHERE device_id LIKE 'meter-%' AND device_id < 'meter-080000';
            ANALYZE tenant.devices;
            ANALYZE tenant.device_presence;
            """);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
