using System.Threading.Channels;
using Npgsql;

namespace IoTPlatform.CertificateAuthority;

/// <summary>What PostgreSQL announces with the commit of each revocation, by whichever process. One that is committed while nobody listens is not announced.</summary>
internal sealed class RevocationAnnouncements : IAsyncDisposable
{
    private const string Listen = "LISTEN iot_revoked";

    private readonly NpgsqlConnection _connection;
    private readonly Channel<string> _serials = Channel.CreateUnbounded<string>();

    private RevocationAnnouncements(NpgsqlConnection connection)
    {
        _connection = connection;
        _connection.Notification += (_, notice) => _serials.Writer.TryWrite(notice.Payload);
    }

    /// <summary>From its return on everything is announced, until the connection is lost.</summary>
    public static async Task<RevocationAnnouncements> ListenAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var announcements = new RevocationAnnouncements(await database.OpenConnectionAsync(cancellationToken));
        try
        {
            await announcements.ExecuteAsync(Listen, cancellationToken);
            return announcements;
        }
        catch
        {
            await announcements.DisposeAsync();
            throw;
        }
    }

    /// <summary>Serial numbers, in hexadecimal; none: there was nothing for so long. Throws when the connection is lost.</summary>
    public async Task<IReadOnlyList<string>> NextAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        // A silent connection is asked whether it is still there.
        if (_serials.Reader.Count == 0 && !await _connection.WaitAsync(longest, cancellationToken))
        {
            await ExecuteAsync("SELECT 1", cancellationToken);
        }

        var serials = new List<string>();
        while (_serials.Reader.TryRead(out var serial))
        {
            serials.Add(serial);
        }

        return serials;
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = _connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
