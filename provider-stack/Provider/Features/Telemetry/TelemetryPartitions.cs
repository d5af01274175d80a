using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;

namespace IoTPlatform.Provider.Features.Telemetry;

/// <summary>The partitions of provider.telemetry, one per day (UTC).</summary>
internal sealed class TelemetryPartitions(NpgsqlDataSource database)
{
    private const string Prefix = "telemetry_";
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
              IF to_regclass('provider.{Name(day)}') IS NULL THEN
                CREATE TABLE provider.{Name(day)} (LIKE provider.telemetry INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
                ALTER TABLE provider.telemetry ATTACH PARTITION provider.{Name(day)} FOR VALUES FROM ('{Bound(day)}') TO ('{Bound(day.AddDays(1))}');
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
            await ExecuteAsync($"DROP TABLE IF EXISTS provider.{Name(day)}", cancellationToken);
            dropped.Add(day);
        }

        return dropped;
    }

    private async Task<IReadOnlyList<DateOnly>> ListAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'provider.telemetry'::regclass");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var days = new List<DateOnly>();
        while (await reader.ReadAsync(cancellationToken))
        {
            // A partition made manually is not touched.
            if (reader.GetString(0) is var name && name.StartsWith(Prefix, StringComparison.Ordinal)
                && DateOnly.TryParseExact(name[Prefix.Length..], Format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
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

    private static string Name(DateOnly day) => Prefix + day.ToString(Format, CultureInfo.InvariantCulture);

    private static string Bound(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) + "T00:00:00Z";
}
