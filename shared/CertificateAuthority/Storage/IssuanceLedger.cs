using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Storage;

/// <summary>
/// Group commit for issued certificates: everything that waits goes into the next batch, one round trip and one transaction for all
/// of it. A certificate leaves the process only after its batch is durable. A full queue and a failing database are 503 for those who
/// wait; the next batch tries again.
/// </summary>
internal sealed class IssuanceLedger : IAsyncDisposable
{
    private readonly Channel<LedgerEntry> _queue;
    private readonly NpgsqlDataSource _database;
    private readonly LedgerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Task[] _loops;

    public IssuanceLedger(NpgsqlDataSource database, LedgerOptions options, TimeProvider time, ILogger<IssuanceLedger> log)
    {
        _database = database;
        _options = options;
        _time = time;
        _log = log;
        _queue = Channel.CreateBounded<LedgerEntry>(new BoundedChannelOptions(options.Capacity) { FullMode = BoundedChannelFullMode.Wait });
        _loops = [.. Enumerable.Range(0, options.Writers).Select(_ => Task.Run(FlushAsync))];
    }

    /// <summary>Completes when the entry is durable, or with the reason why it was not stored.</summary>
    public Task<LedgerOutcome> StoreAsync(LedgerEntry entry)
    {
        if (!_queue.Writer.TryWrite(entry))
        {
            throw _queue.Reader.Completion.IsCompleted ? LedgerErrors.ShuttingDown() : LedgerErrors.Overloaded();
        }

        return entry.Completion;
    }

    /// <summary>Stores what is queued, then stops.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await Task.WhenAll(_loops);
    }

    private async Task FlushAsync()
    {
        await using var writer = new LedgerWriter(_database, _options.Timeout, _time);
        var batch = new List<LedgerEntry>(_options.MaxBatch);
        while (await _queue.Reader.WaitToReadAsync())
        {
            // Requests that are ready to run go first and join the batch; with none, this costs nothing.
            await Task.Yield();
            Fill(batch);
            if (batch.Count > 0)
            {
                await StoreAsync(writer, batch);
                batch.Clear();
            }
        }
    }

    private void Fill(List<LedgerEntry> batch)
    {
        while (batch.Count < _options.MaxBatch && _queue.Reader.TryRead(out var entry))
        {
            if (entry.Cancellation.IsCancellationRequested)
            {
                entry.Cancel();
            }
            else
            {
                batch.Add(entry);
            }
        }
    }

    private async Task StoreAsync(LedgerWriter writer, List<LedgerEntry> batch)
    {
        try
        {
            var outcomes = await writer.StoreAsync(batch);
            for (var i = 0; i < batch.Count; i++)
            {
                batch[i].Complete(outcomes[i]);
            }
        }
        catch (PostgresException e) when (batch.Count > 1 && !LedgerErrors.IsOutage(e))
        {
            // One bad row must not fail its neighbours: nothing was committed, so each comes again by itself.
            foreach (var entry in batch)
            {
                await StoreAsync(writer, [entry]);
            }
        }
        catch (Exception e)
        {
            var outage = LedgerErrors.IsOutage(e);
            if (outage)
            {
                IssuanceLog.DatabaseUnavailable(_log, batch.Count, e.GetBaseException().Message);
            }

            foreach (var entry in batch)
            {
                entry.Fail(outage ? LedgerErrors.Unavailable(e) : e);
            }

            // What came meanwhile has waited for this batch already: another whole time-out would break its caller's deadline.
            while (outage && _queue.Reader.TryRead(out var waiting))
            {
                waiting.Fail(LedgerErrors.Unavailable(e));
            }
        }
    }
}

internal static partial class IssuanceLog
{
    [LoggerMessage(1, LogLevel.Error, "{Count} certificates were signed but not stored, so they were not handed out: the database is not available ({Reason})")]
    public static partial void DatabaseUnavailable(ILogger log, int count, string reason);

    [LoggerMessage(2, LogLevel.Warning, "Expired one-time tokens could not be cleared; trying again in an hour.")]
    public static partial void SweepFailed(ILogger log, Exception error);
}
