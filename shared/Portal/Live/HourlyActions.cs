using IoTPlatform.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.Portal.Live;

/// <param name="Hour">Its beginning.</param>
/// <param name="Action">As in the audit log.</param>
public sealed record HourlyCount(DateTimeOffset Hour, string Action, long Count);

/// <summary>How often each action on certificates happened, by the hour. A page that counted the audit log itself would read millions of entries.</summary>
public sealed class HourlyActions(NpgsqlDataSource database) : IGuarded
{
    private const int AtOnce = 20_000;

    public static string Policy => Policies.Viewer;

    public async Task<IReadOnlyList<HourlyCount>> ReadAsync(DateTimeOffset from, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("SELECT hour, action, count FROM portal.hourly_actions WHERE hour >= $1 ORDER BY hour, action");
        command.Parameters.Add(new() { Value = from.ToUniversalTime() });
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var counts = new List<HourlyCount>();
        while (await rows.ReadAsync(cancellationToken))
        {
            counts.Add(new HourlyCount(rows.GetFieldValue<DateTimeOffset>(0), rows.GetString(1), rows.GetInt64(2)));
        }

        return counts;
    }

    /// <summary>Counts the next entries of the audit log. False: there are no more, or another process counts them.</summary>
    public async Task<bool> CountAsync(CancellationToken cancellationToken)
    {
        // One statement: counts and cursor move together, and of two processes the second finds the row locked.
        await using var command = database.CreateCommand(
            $"""
            WITH cursor AS MATERIALIZED (
              SELECT sequence FROM portal.counted FOR UPDATE SKIP LOCKED
            ), entries AS MATERIALIZED (
              SELECT e.sequence, e.action, e.at FROM audit.entries e, cursor c WHERE e.sequence > c.sequence ORDER BY e.sequence LIMIT {AtOnce}
            ), counted AS (
              INSERT INTO portal.hourly_actions AS h (hour, action, count)
              SELECT date_trunc('hour', at, 'UTC'), action, count(*) FROM entries WHERE starts_with(action, 'certificate.') GROUP BY 1, 2
              ON CONFLICT (hour, action) DO UPDATE SET count = h.count + excluded.count
            ), moved AS (
              UPDATE portal.counted SET sequence = (SELECT max(sequence) FROM entries) WHERE EXISTS (SELECT FROM entries)
            )
            SELECT count(*) = {AtOnce} FROM entries
            """);
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }
}

/// <summary>Counts while the process runs, whether a page is open or not.</summary>
internal sealed partial class HourlyActionsCounter(HourlyActions actions, TimeProvider time, ILogger<HourlyActionsCounter> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        string? failure = null;
        do
        {
            try
            {
                while (await actions.CountAsync(stoppingToken))
                {
                }

                failure = null;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Once per kind: charts wait, nothing else does.
                if (failure != (failure = e.GetType().Name))
                {
                    NotCounted(e.Message);
                }
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "What the portal's charts count can't be counted now; trying again and again: {Reason}")]
    private partial void NotCounted(string reason);
}
