using System.Data;
using Npgsql;

namespace IoTPlatform.CertificateAuthority.Storage;

/// <summary>One connection with the prepared <c>ca.record</c>, kept between batches (a pooled one would be reset each time) and replaced when it breaks.</summary>
internal sealed class LedgerWriter(NpgsqlDataSource database, TimeSpan timeout, TimeProvider time) : IAsyncDisposable
{
    private NpgsqlConnection? _connection;
    private LedgerCommand? _command;

    /// <summary>One outcome per entry. After an exception nothing of the batch was stored, or its outcome is unknown and not reported.</summary>
    public async Task<LedgerOutcome[]> StoreAsync(IReadOnlyList<LedgerEntry> batch)
    {
        if (_connection is { State: not ConnectionState.Open })
        {
            await DisposeAsync(); // it broke while idle
        }

        var kept = _connection is not null;
        using var deadline = new CancellationTokenSource(timeout, time);
        try
        {
            return await StoreOnceAsync(batch, deadline.Token);
        }
        catch (Exception e) when (kept && !deadline.IsCancellationRequested && LedgerErrors.IsOutage(e))
        {
            // The kept connection may be dead for long while the database is back. Storing twice is harmless: ca.record knows its rows again.
            return await StoreOnceAsync(batch, deadline.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_command is not null)
        {
            await _command.DisposeAsync();
            _command = null;
        }

        if (_connection is not null)
        {
            await _connection.DisposeAsync();
            _connection = null;
        }
    }

    private async Task<LedgerOutcome[]> StoreOnceAsync(IReadOnlyList<LedgerEntry> batch, CancellationToken deadline)
    {
        try
        {
            var command = _command ?? await ConnectAsync(deadline);
            return await command.ExecuteAsync(batch, time.GetUtcNow(), deadline);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    private async Task<LedgerCommand> ConnectAsync(CancellationToken cancellationToken)
    {
        _connection = await database.OpenConnectionAsync(cancellationToken);
        return _command = await LedgerCommand.PrepareAsync(_connection, timeout, cancellationToken);
    }
}

internal sealed record LedgerOptions
{
    /// <summary>Certificates that may wait; beyond that the answer is 503.</summary>
    public int Capacity { get; init; } = 1024;

    public int MaxBatch { get; init; } = 128;

    /// <summary>Batches under way at once. One: while it commits, the next fills; more only make batches smaller, and they meet again at the audit log's lock.</summary>
    public int Writers { get; init; } = 1;

    /// <summary>For one batch, connecting and a second attempt included. Leaves room below 10 s for Npgsql's own cancel request.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(6);
}
