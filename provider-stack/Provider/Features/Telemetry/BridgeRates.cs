using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.Provider.Features.Telemetry;

/// <summary>A bridge, and how many messages it brought in the last whole minute and in the last five.</summary>
/// <param name="UpSince">Null: it is not connected now.</param>
public sealed record BridgeRate(string TenantId, DateTimeOffset? UpSince, long Minute, long FiveMinutes);

/// <summary>All bridges together, and the busiest.</summary>
public sealed record BridgeActivity(long Connected, long Minute, long FiveMinutes, IReadOnlyList<BridgeRate> Busiest);

/// <summary>One bridge over the last hour.</summary>
/// <param name="Minutes">Whole ones, the last one last.</param>
/// <param name="SentUntil">As the tenant said within five minutes of being connected: what its devices sent before is here. Null: it has not said yet.</param>
public sealed record BridgeHour(IReadOnlyList<long> Minutes, DateTimeOffset? SentUntil);

/// <summary>Message rates of bridges, as all processes have counted them.</summary>
internal sealed class BridgeRates(NpgsqlDataSource database, TimeProvider time) : IGuarded
{
    /// <summary>How long a minute is kept.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    private const int MostShown = 8;

    /// <summary>A bridge says every five minutes how far it is, and with RabbitMQ that is recorded a minute after.</summary>
    private static readonly TimeSpan Behind = TimeSpan.FromMinutes(15);

    public static string Policy => Policies.Viewer;

    /// <summary>A connected bridge brings less than its devices send.</summary>
    public static bool IsBehind(DateTimeOffset? upSince, DateTimeOffset? sentUntil, DateTimeOffset now) => now - upSince > Behind && now - sentUntil > Behind;

    public static DateTimeOffset MinuteOf(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds() / 60 * 60);

    public async Task<BridgeActivity> ReadAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"""
            WITH rates AS (
              SELECT tenant_id, coalesce(sum(messages) FILTER (WHERE minute = $1), 0)::bigint AS one, sum(messages)::bigint AS five
              FROM provider.bridge_minutes WHERE minute > $1 - interval '5 minutes' AND minute <= $1 GROUP BY tenant_id
            ), bridges AS (
              SELECT tenant_id, t.bridge_up_since, coalesce(r.one, 0) AS one, coalesce(r.five, 0) AS five
              FROM provider.tenants t LEFT JOIN rates r USING (tenant_id) WHERE t.bridge_up_since IS NOT NULL OR r.five > 0
            )
            SELECT tenant_id, bridge_up_since, one, five, count(bridge_up_since) OVER (), (sum(one) OVER ())::bigint, (sum(five) OVER ())::bigint
            FROM bridges ORDER BY five DESC, tenant_id LIMIT {MostShown}
            """);
        command.Parameters.Add(new() { Value = LastWhole });
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var (activity, busiest) = (new BridgeActivity(0, 0, 0, []), new List<BridgeRate>());
        while (await rows.ReadAsync(cancellationToken))
        {
            busiest.Add(new BridgeRate(rows.GetString(0), await rows.IsDBNullAsync(1, cancellationToken) ? null : rows.GetFieldValue<DateTimeOffset>(1), rows.GetInt64(2), rows.GetInt64(3)));
            activity = new BridgeActivity(rows.GetInt64(4), rows.GetInt64(5), rows.GetInt64(6), busiest);
        }

        return activity;
    }

    public async Task<BridgeHour> ReadAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            """
            SELECT array_agg(coalesce(m.messages, 0) ORDER BY s.minute), (SELECT acknowledged_until FROM provider.uplink_checkpoints WHERE tenant_id = $1)
            FROM generate_series($2::timestamptz - interval '59 minutes', $2, interval '1 minute') AS s (minute)
            LEFT JOIN provider.bridge_minutes m ON m.tenant_id = $1 AND m.minute = s.minute
            """);
        command.Parameters.Add(new() { Value = tenantId });
        command.Parameters.Add(new() { Value = LastWhole });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return new BridgeHour(row.GetFieldValue<long[]>(0), await row.IsDBNullAsync(1, cancellationToken) ? null : row.GetFieldValue<DateTimeOffset>(1));
    }

    /// <summary>Those that are connected and <see cref="IsBehind"/>, the farthest first.</summary>
    public async Task<IReadOnlyList<(string TenantId, DateTimeOffset SentUntil)>> BehindAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"""
            SELECT tenant_id, acknowledged_until FROM provider.tenants JOIN provider.uplink_checkpoints USING (tenant_id)
            WHERE bridge_up_since < $1 AND acknowledged_until < $1 ORDER BY acknowledged_until LIMIT {MostShown}
            """);
        command.Parameters.Add(new() { Value = time.GetUtcNow() - Behind });
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var behind = new List<(string, DateTimeOffset)>();
        while (await rows.ReadAsync(cancellationToken))
        {
            behind.Add((rows.GetString(0), rows.GetFieldValue<DateTimeOffset>(1)));
        }

        return behind;
    }

    /// <summary>Over long enough that every process has added what it counted in it.</summary>
    private DateTimeOffset LastWhole => MinuteOf(time.GetUtcNow() - (2 * BridgeRateCounter.Interval)) - TimeSpan.FromMinutes(1);
}
