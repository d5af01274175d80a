using System.Collections.Concurrent;
using Npgsql;

namespace IoTPlatform.Provider.Features.Broker.Embedded;

/// <summary>
/// What a tenant's plan lets it send up, over all its connections to all processes. A minute's worth may come at once; who has used that up waits, and
/// keeps what it has to send. The budget is a row of the database, from which each process takes a second's worth at a time: what is taken is spent, so
/// that a process that is killed gives nothing out twice.
/// </summary>
internal sealed class TenantBudgets(NpgsqlDataSource database, TimeProvider time)
{
    private const int BurstSeconds = 60;
    private readonly ConcurrentDictionary<string, Taken> _taken = new(StringComparer.Ordinal);

    /// <summary>How long to wait before the next; null: taken.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="budget">What the plan lets it send.</param>
    /// <param name="messages">To be taken.</param>
    /// <param name="bytes">To be taken.</param>
    /// <param name="inTurn">Called when it is taken, before the next one's turn: messages stay in order.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask<TimeSpan?> TryTakeAsync(string tenantId, TelemetryBudget budget, int messages, int bytes, Action inTurn, CancellationToken cancellationToken)
    {
        var taken = _taken.GetOrAdd(tenantId, _ => new Taken());
        await taken.Turn.WaitAsync(cancellationToken);
        try
        {
            if (taken.Lacks(budget, messages, bytes) is var (moreMessages, moreBytes))
            {
                // Who goes on all the same costs the database one look a second.
                if (taken.Wait(time) is { } known)
                {
                    return known;
                }

                if (await TakeAsync(tenantId, budget, moreMessages, moreBytes, cancellationToken) is { } wait)
                {
                    taken.UsedUp(time, wait);
                    return wait;
                }

                taken.Add(moreMessages, moreBytes);
            }

            taken.Add(-messages, -bytes);
            inTurn();
            return null;
        }
        finally
        {
            taken.Turn.Release();
        }
    }

    /// <summary>Of a batch that was refused: its messages come again one by one, and each is paid for then.</summary>
    public async ValueTask GiveBackAsync(string tenantId, int messages, int bytes)
    {
        if (_taken.TryGetValue(tenantId, out var taken))
        {
            await taken.Turn.WaitAsync(CancellationToken.None);
            taken.Add(messages, bytes);
            taken.Turn.Release();
        }
    }

    /// <summary>Null: taken. The last one may be larger than what is left: debt is waited for by the next.</summary>
    private async Task<TimeSpan?> TakeAsync(string tenantId, TelemetryBudget budget, int messages, int bytes, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        // One transaction, which has the row from its first command on.
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new NpgsqlBatchCommand(
                    """
                    INSERT INTO provider.telemetry_budgets AS b (tenant_id, messages, bytes, refilled_at) VALUES ($1, $2 * $4, $3 * $4, $5)
                    ON CONFLICT (tenant_id) DO UPDATE SET
                      messages = least($2 * $4, b.messages + $2 * greatest(0, extract(epoch FROM $5 - b.refilled_at))),
                      bytes = least($3 * $4, b.bytes + $3 * greatest(0, extract(epoch FROM $5 - b.refilled_at))),
                      -- One that is far ahead is by a clock that was, and would stop the refill until then.
                      refilled_at = CASE WHEN b.refilled_at > $5 + interval '5 minutes' THEN $5 ELSE greatest($5, b.refilled_at) END
                    """)
                {
                    Parameters =
                    {
                        new() { Value = tenantId }, new() { Value = (double)budget.MessagesPerSecond }, new() { Value = (double)budget.BytesPerSecond },
                        new() { Value = (double)BurstSeconds }, new() { Value = time.GetUtcNow() },
                    },
                },
                new NpgsqlBatchCommand("UPDATE provider.telemetry_budgets SET messages = messages - $2, bytes = bytes - $3 WHERE tenant_id = $1 AND messages > 0 AND bytes > 0 RETURNING true")
                {
                    Parameters = { new() { Value = tenantId }, new() { Value = (double)messages }, new() { Value = (double)bytes } },
                },
                new NpgsqlBatchCommand("SELECT messages, bytes FROM provider.telemetry_budgets WHERE tenant_id = $1") { Parameters = { new() { Value = tenantId } } },
            },
        };
        await using var row = await batch.ExecuteReaderAsync(cancellationToken);
        if (await row.ReadAsync(cancellationToken))
        {
            return null;
        }

        await row.NextResultAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return TimeSpan.FromSeconds(Math.Max(1, Math.Ceiling(Math.Max(-row.GetDouble(0) / budget.MessagesPerSecond, -row.GetDouble(1) / budget.BytesPerSecond))));
    }

    /// <summary>Of the budget, by this process, and not used yet.</summary>
    private sealed class Taken
    {
        private int _messages;
        private int _bytes;
        private (long At, TimeSpan Wait) _usedUp;

        public void UsedUp(TimeProvider time, TimeSpan wait) => _usedUp = (time.GetTimestamp(), wait);

        /// <summary>Null: it was not used up within the last second.</summary>
        public TimeSpan? Wait(TimeProvider time) =>
            time.GetElapsedTime(_usedUp.At) is var since && since < TimeSpan.FromSeconds(1) && since < _usedUp.Wait ? _usedUp.Wait - since : null;

        /// <summary>One message, or batch, after the other.</summary>
        public SemaphoreSlim Turn { get; } = new(1, 1);

        /// <summary>What to take more; null: there is enough.</summary>
        public (int Messages, int Bytes)? Lacks(TelemetryBudget budget, int messages, int bytes) => _messages >= messages && _bytes >= bytes
            ? null
            : (_messages >= messages ? 0 : Math.Max(messages - _messages, budget.MessagesPerSecond), _bytes >= bytes ? 0 : Math.Max(bytes - _bytes, budget.BytesPerSecond));

        public void Add(int messages, int bytes)
        {
            _messages += messages;
            _bytes += bytes;
        }
    }
}
