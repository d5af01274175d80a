using System.Threading.Channels;
using Npgsql;

namespace IoTPlatform.Database;

/// <summary>What PostgreSQL announces with a commit (<c>pg_notify</c>), of whichever process. What is committed while nobody listens is not announced.</summary>
public sealed class DatabaseAnnouncements : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly Channel<string> _payloads = Channel.CreateUnbounded<string>();

    private DatabaseAnnouncements(NpgsqlConnection connection)
    {
        _connection = connection;
        _connection.Notification += (_, notice) => _payloads.Writer.TryWrite(notice.Payload);
    }

    /// <summary>From its return on everything is announced, until the connection is lost.</summary>
    public static async Task<DatabaseAnnouncements> ListenAsync(NpgsqlDataSource database, string channel, CancellationToken cancellationToken)
    {
        var announcements = new DatabaseAnnouncements(await database.OpenConnectionAsync(cancellationToken));
        try
        {
            await announcements.ExecuteAsync($"LISTEN {channel}", cancellationToken);
            return announcements;
        }
        catch
        {
            await announcements.DisposeAsync();
            throw;
        }
    }

    /// <summary>None: there was nothing for so long. Throws when the connection is lost.</summary>
    public async Task<IReadOnlyList<string>> NextAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        // A silent connection is asked whether it is still there.
        if (_payloads.Reader.Count == 0 && !await _connection.WaitAsync(longest, cancellationToken))
        {
            await ExecuteAsync("SELECT 1", cancellationToken);
        }

        var payloads = new List<string>();
        while (_payloads.Reader.TryRead(out var payload))
        {
            payloads.Add(payload);
        }

        return payloads;
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = _connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
