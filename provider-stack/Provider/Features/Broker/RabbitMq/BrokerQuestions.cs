using Npgsql;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq;

/// <summary>When the broker last asked about the platform's own login: in the database, because another process may have been asked.</summary>
internal sealed class BrokerQuestions(NpgsqlDataSource database)
{
    private const int TimeoutSeconds = 2;

    public async Task NoteAsync(CancellationToken cancellationToken)
    {
        await using var command = Command("INSERT INTO provider.broker_question (singleton, asked_at) VALUES (true, clock_timestamp()) ON CONFLICT (singleton) DO UPDATE SET asked_at = excluded.asked_at");
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The database's clock now, for <see cref="AskedSinceAsync"/>.</summary>
    public async Task<DateTimeOffset> NowAsync(CancellationToken cancellationToken)
    {
        await using var command = Command("SELECT clock_timestamp()");
        return (DateTime)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async Task<bool> AskedSinceAsync(DateTimeOffset time, CancellationToken cancellationToken)
    {
        await using var command = Command("SELECT EXISTS (SELECT FROM provider.broker_question WHERE asked_at >= $1)");
        command.Parameters.AddWithValue(time);
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private NpgsqlCommand Command(string sql)
    {
        var command = database.CreateCommand(sql);
        command.CommandTimeout = TimeoutSeconds;
        return command;
    }
}
