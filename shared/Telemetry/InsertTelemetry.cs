using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.Telemetry;

/// <summary>The prepared statement of <see cref="TelemetryTable.Insert"/>, with one array parameter per column: one statement, so one round trip and one transaction.</summary>
internal sealed class InsertTelemetry : IAsyncDisposable
{
    private readonly NpgsqlCommand _command;
    private readonly List<Action<IReadOnlyList<TelemetryMessage>>> _columns = [];

    private InsertTelemetry(NpgsqlConnection connection, string sql, TimeSpan timeout)
    {
        _command = new NpgsqlCommand(sql, connection) { CommandTimeout = (int)timeout.TotalSeconds };
        Column(NpgsqlDbType.Text, m => m.TenantId);
        Column(NpgsqlDbType.Text, m => m.DeviceId);
        Column(NpgsqlDbType.TimestampTz, m => m.SentAt);
        Column(NpgsqlDbType.Bytea, m => m.Identity);
        Column(NpgsqlDbType.TimestampTz, m => m.ReceivedAt);
        Column(NpgsqlDbType.Text, m => m.Topic);
        Column(NpgsqlDbType.Json, m => m.Payload);
        var tenants = Parameter<string>(NpgsqlDbType.Text);
        _columns.Add(messages => tenants.TypedValue = [.. messages.Select(m => m.TenantId).Distinct(StringComparer.Ordinal)]);
    }

    public static async Task<InsertTelemetry> PrepareAsync(NpgsqlConnection connection, string sql, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var insert = new InsertTelemetry(connection, sql, timeout);
        await insert._command.PrepareAsync(cancellationToken);
        return insert;
    }

    /// <summary>How many rows are new.</summary>
    public Task<int> ExecuteAsync(IReadOnlyList<TelemetryMessage> messages, CancellationToken cancellationToken)
    {
        foreach (var column in _columns)
        {
            column(messages);
        }

        return _command.ExecuteNonQueryAsync(cancellationToken);
    }

    public ValueTask DisposeAsync() => _command.DisposeAsync();

    private void Column<T>(NpgsqlDbType type, Func<TelemetryMessage, T> value)
    {
        var parameter = Parameter<T>(type);
        _columns.Add(messages =>
        {
            var values = new T[messages.Count];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = value(messages[i]);
            }

            parameter.TypedValue = values;
        });
    }

    private NpgsqlParameter<T[]> Parameter<T>(NpgsqlDbType type)
    {
        var parameter = new NpgsqlParameter<T[]> { NpgsqlDbType = NpgsqlDbType.Array | type, TypedValue = [] };
        _command.Parameters.Add(parameter);
        return parameter;
    }
}
