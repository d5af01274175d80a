using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.Telemetry;

/// <summary>One slot of a curve.</summary>
/// <param name="Slot">From the beginning of the range.</param>
public readonly record struct SeriesPoint(int Slot, double Mean, double Min, double Max);

/// <summary>The curve of one member of a device's messages.</summary>
public sealed record SeriesCurve(string Name, IReadOnlyList<SeriesPoint> Points);

/// <summary>Numbers that a device sent over a range of time, down-sampled in the database to a fixed number of slots: what leaves it is as much for a month as for an hour.</summary>
public sealed class TelemetrySeries(NpgsqlDataSource database, TelemetryTable table) : IGuarded
{
    public const int Slots = 240;

    /// <summary>Members of a message that are drawn; the first by name.</summary>
    public const int MostCurves = 8;

    private const int TimeoutSeconds = 10;

    public static string Policy => Policies.Viewer;

    /// <param name="tenantId">Null: of the only one there is.</param>
    /// <param name="deviceId">Whose.</param>
    /// <param name="from">Included.</param>
    /// <param name="before">Not included.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<IReadOnlyList<SeriesCurve>> ReadAsync(string? tenantId, string deviceId, DateTimeOffset from, DateTimeOffset before, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(Sql(tenantId is null ? "" : " AND t.tenant_id = $7"));
        command.CommandTimeout = TimeoutSeconds;
        foreach (var value in new object[] { from.ToUniversalTime(), before.ToUniversalTime(), (before - from).TotalSeconds / Slots, deviceId, Slots, Slots * MostCurves })
        {
            command.Parameters.Add(new() { Value = value });
        }

        if (tenantId is not null)
        {
            command.Parameters.Add(new() { Value = tenantId });
        }

        var curves = new List<(string Name, List<SeriesPoint> Points)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var name = reader.GetString(0);
            if (curves.Count == 0 || curves[^1].Name != name)
            {
                curves.Add((name, []));
            }

            curves[^1].Points.Add(new SeriesPoint(reader.GetInt32(1), reader.GetDouble(2), reader.GetDouble(3), reader.GetDouble(4)));
        }

        return [.. curves.Take(MostCurves).Select(curve => new SeriesCurve(curve.Name, curve.Points))];
    }

    // Escaped NULs can't be text in PostgreSQL, and a number may be longer than a double: both are left out before they are converted.
    private string Sql(string more) => $$"""
        SELECT name, slot, avg(number), min(number), max(number) FROM (
          SELECT member.key AS name, floor(extract(epoch FROM t.sent_at - $1) / $3)::int AS slot,
            CASE WHEN member.value::text ~ '^-?[0-9]{1,15}([.][0-9]{1,30})?([eE][-+]?[0-9]{1,2})?$' THEN (member.value::text)::float8 END AS number
          FROM {{table.Name}} t, LATERAL json_each(CASE WHEN position('\u0000' in t.payload::text) = 0 AND json_typeof(t.payload) = 'object' THEN t.payload ELSE '{}' END) member
          WHERE t.sent_at >= $1 AND t.sent_at < $2 AND t.device_id = $4 AND starts_with(t.topic, 'telemetry/'){{more}}) numbers
        WHERE number IS NOT NULL AND slot BETWEEN 0 AND $5 - 1 GROUP BY name, slot ORDER BY name, slot LIMIT $6
        """;
}
