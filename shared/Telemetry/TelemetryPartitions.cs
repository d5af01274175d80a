using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;

namespace IoTPlatform.Telemetry;

/// <summary>The partitions of a table of telemetry, one per day (UTC).</summary>
public sealed class TelemetryPartitions(NpgsqlDataSource database, TelemetryTable table)
{
    private const string Format = "yyyyMMdd";
    private readonly ConcurrentDictionary<DateOnly, bool> _known = [];

    public async Task EnsureAsync(DateOnly day, CancellationToken cancellationToken)
    {
        if (_known.ContainsKey(day))
        {
            return;
        }
        // Made apart and attached: only that does not lock out who writes to other days. Two hosts at once: one of them repeats.
        await ExecuteAsync(
            $"""
            DO $$ BEGIN
              IF to_regclass('{Name(day)}') IS NULL THEN
                CREATE TABLE {Name(day)} (LIKE {table.Name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
                ALTER TABLE {table.Name} ATTACH PARTITION {Name(day)} FOR VALUES FROM ('{Bound(day)}') TO ('{Bound(day.AddDays(1))}');
              END IF;
            END $$
            """, cancellationToken);
        _known[day] = true;
    }

    /// <summary>Drops the days that ended before <paramref name="oldest"/> and answers which.</summary>
    public async Task<IReadOnlyList<DateOnly>> DropBeforeAsync(DateOnly oldest, CancellationToken cancellationToken)
    {
        var dropped = new List<DateOnly>();
        foreach (var day in (await ListAsync(cancellationToken)).Where(day => day < oldest).Order())
        {
            _known.TryRemove(day, out _);
            await ExecuteAsync($"DROP TABLE IF EXISTS {Name(day)}", cancellationToken);
            dropped.Add(day);
        }

        return dropped;
    }

    private async Task<IReadOnlyList<DateOnly>> ListAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            $"SELECT format('%s.%s', c.relnamespace::regnamespace, c.relname) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = '{table.Name}'::regclass");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var days = new List<DateOnly>();
        while (await reader.ReadAsync(cancellationToken))
        {
            // A partition made manually is not touched.
            if (reader.GetString(0) is var name && name.StartsWith(Name(""), StringComparison.Ordinal)
                && DateOnly.TryParseExact(name[Name("").Length..], Format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            {
                days.Add(day);
            }
        }

        return days;
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private string Name(DateOnly day) => Name(day.ToString(Format, CultureInfo.InvariantCulture));

    private string Name(string day) => $"{table.Name}_{day}";

    private static string Bound(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) + "T00:00:00Z";
}
