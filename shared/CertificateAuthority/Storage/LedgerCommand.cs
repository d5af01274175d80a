using Npgsql;
using NpgsqlTypes;

namespace IoTPlatform.CertificateAuthority.Storage;

/// <summary><c>ca.record</c>, prepared, with one array parameter per column: one statement, so one round trip and one transaction.</summary>
internal sealed class LedgerCommand : IAsyncDisposable
{
    private readonly NpgsqlCommand _command;
    private readonly NpgsqlParameter<DateTimeOffset> _now = new() { NpgsqlDbType = NpgsqlDbType.TimestampTz };
    private readonly List<Action<IReadOnlyList<LedgerEntry>>> _columns = [];

    private LedgerCommand(NpgsqlConnection connection, TimeSpan timeout)
    {
        _command = new NpgsqlCommand { Connection = connection, CommandTimeout = (int)Math.Ceiling(timeout.TotalSeconds) };
        _command.Parameters.Add(_now);
        Bytea(e => e.Serial);
        Text(e => e.Subject);
        Text(e => e.Sans);
        Text(e => e.Issuer);
        Bytea(e => e.IssuerKeyId);
        Text(e => e.Profile);
        Text(e => e.Provisioner);
        Text(e => e.Requester);
        Text(e => e.Tenant);
        Text(e => e.Lineage);
        Bytea(e => e.PublicKeySha256);
        Time(e => e.NotBefore);
        Time(e => e.NotAfter);
        Bytea(e => e.Der);
        Bytea(e => e.Renews);
        Text(e => e.IdempotencyKey);
        Bytea(e => e.Token?.Hash);
        Time(e => e.Token?.Expires);
        Column(NpgsqlDbType.Boolean, e => e.Quota?.AnswersWithTheFreshOne);
        Time(e => e.RecentSince);
        Column(NpgsqlDbType.Integer, e => e.RecentLimit);
        Column(NpgsqlDbType.Integer, e => e.Quota?.TenantPerHour);
        Text(e => e.IsFromBefore ? "certificate.recorded" : e.Renews is null ? "certificate.issued" : "certificate.renewed");
        Text(e => e.Details);
        Text(e => e.Budgets);
        _command.CommandText = $"SELECT row_index, outcome, stored_der, stored_key FROM ca.record({string.Join(',', Enumerable.Range(1, _command.Parameters.Count).Select(n => $"${n}"))})";
    }

    public static async Task<LedgerCommand> PrepareAsync(NpgsqlConnection connection, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var command = new LedgerCommand(connection, timeout);
        await command._command.PrepareAsync(cancellationToken);
        return command;
    }

    public async Task<LedgerOutcome[]> ExecuteAsync(IReadOnlyList<LedgerEntry> entries, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var outcomes = new LedgerOutcome[entries.Count];
        Array.Fill(outcomes, LedgerOutcome.Stored);
        _now.TypedValue = now;
        foreach (var column in _columns)
        {
            column(entries);
        }

        await using var reader = await _command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            outcomes[reader.GetInt32(0)] = LedgerOutcome.Parse(reader.GetString(1), Bytes(reader, 2), Bytes(reader, 3));
        }

        return outcomes;
    }

    public ValueTask DisposeAsync() => _command.DisposeAsync();

    private static byte[]? Bytes(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetFieldValue<byte[]>(ordinal);

    private void Text(Func<LedgerEntry, string?> value) => Column(NpgsqlDbType.Text, value);

    private void Bytea(Func<LedgerEntry, byte[]?> value) => Column(NpgsqlDbType.Bytea, value);

    private void Time(Func<LedgerEntry, DateTimeOffset?> value) => Column(NpgsqlDbType.TimestampTz, value);

    private void Column<T>(NpgsqlDbType type, Func<LedgerEntry, T> value)
    {
        var parameter = new NpgsqlParameter<T[]> { NpgsqlDbType = NpgsqlDbType.Array | type, TypedValue = [] };
        _command.Parameters.Add(parameter);
        _columns.Add(entries =>
        {
            var values = new T[entries.Count];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = value(entries[i]);
            }

            parameter.TypedValue = values;
        });
    }
}
