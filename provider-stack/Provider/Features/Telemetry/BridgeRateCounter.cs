using IoTPlatform.Telemetry.Ingest;
using Npgsql;

namespace IoTPlatform.Provider.Features.Telemetry;

/// <summary>
/// Adds what this process has acknowledged to the minutes of all processes: one statement every few seconds, however much arrives. What a process had not
/// added when it was killed is missing from a rate, and from nothing else.
/// </summary>
internal sealed partial class BridgeRateCounter(NpgsqlDataSource database, IngestMetrics metrics, TimeProvider time, ILogger<BridgeRateCounter> log) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private readonly Dictionary<(string Tenant, DateTimeOffset Minute), long> _pending = [];
    private DateTimeOffset _cleared;

    /// <summary>What is not in the database afterwards is added by the next one.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken)
    {
        var minute = BridgeRates.MinuteOf(time.GetUtcNow());
        foreach (var (tenant, messages) in metrics.TakeAcknowledged())
        {
            _pending[(tenant, minute)] = _pending.GetValueOrDefault((tenant, minute)) + messages;
        }

        // While the database is away nothing arrives that could be counted; what did before is no rate any more.
        foreach (var old in _pending.Keys.Where(key => key.Minute <= minute - BridgeRates.Kept).ToList())
        {
            _pending.Remove(old);
        }

        if (_pending.Count > 0)
        {
            await AddAsync(cancellationToken);
            _pending.Clear();
        }

        if (_cleared != minute)
        {
            await ClearAsync(minute - BridgeRates.Kept, cancellationToken);
            _cleared = minute;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        string? failure = null;
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await FlushAsync(stoppingToken);
                failure = null;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (failure != (failure = e.GetType().Name))
                {
                    NotCounted(e.Message);
                }
            }
        }
    }

    private async Task AddAsync(CancellationToken cancellationToken)
    {
        var minutes = _pending.OrderBy(count => count.Key.Tenant, StringComparer.Ordinal).ThenBy(count => count.Key.Minute).ToList();
        // In the order of the key: two processes wait for each other's rows one way round.
        await using var command = database.CreateCommand(
            """
            INSERT INTO provider.bridge_minutes AS m (tenant_id, minute, messages)
            SELECT tenant_id, minute, messages FROM unnest($1, $2, $3) AS c (tenant_id, minute, messages)
            ON CONFLICT (tenant_id, minute) DO UPDATE SET messages = m.messages + excluded.messages
            """);
        command.Parameters.Add(new() { Value = minutes.Select(count => count.Key.Tenant).ToArray() });
        command.Parameters.Add(new() { Value = minutes.Select(count => count.Key.Minute).ToArray() });
        command.Parameters.Add(new() { Value = minutes.Select(count => count.Value).ToArray() });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task ClearAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("DELETE FROM provider.bridge_minutes WHERE minute < $1");
        command.Parameters.Add(new() { Value = before });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The messages of bridges can't be counted now; trying again and again: {Reason}")]
    private partial void NotCounted(string reason);
}
