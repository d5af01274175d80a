using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace IoTPlatform.Hosting;

/// <summary>Asks the database whether it answers and accepts changes: one question at a time, and a bounded wait for its answer whatever the server does.</summary>
internal sealed class DatabaseProbe(NpgsqlDataSource database, IServiceProvider services, TimeProvider time)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(3);
    private readonly Lock _gate = new();
    private readonly string _sql = $"SELECT current_setting('transaction_read_only')::bool, {services.GetService<EventBacklog>()?.Sql ?? "NULL::bigint"}";

    private Task<long?> _asked = Task.FromResult<long?>(null);

    /// <summary>How many entries of the audit log wait for the event relay; null without one. Throws 503 when the database can't be used.</summary>
    public async Task<long?> AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await Current().WaitAsync(Longest, time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException || DatabaseOutage.Is(e))
        {
            throw DatabaseOutage.Of(e) ?? DatabaseOutage.Unavailable(e);
        }
    }

    private Task<long?> Current()
    {
        lock (_gate)
        {
            return _asked = _asked.IsCompleted ? QueryAsync() : _asked;
        }
    }

    private async Task<long?> QueryAsync()
    {
        await Task.Yield();
        await using var command = database.CreateCommand(_sql);
        command.CommandTimeout = (int)Longest.TotalSeconds;
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return reader.GetBoolean(0) ? throw DatabaseOutage.ReadOnly(null) : reader.IsDBNull(1) ? null : reader.GetInt64(1);
    }
}

/// <summary>How many audited operations wait for the event relay, as a scalar SQL expression of type bigint.</summary>
public sealed record EventBacklog(string Sql);
