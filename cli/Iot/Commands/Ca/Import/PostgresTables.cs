using System.Globalization;
using System.Runtime.CompilerServices;
using Npgsql;

namespace IoTPlatform.Iot;

/// <summary>A step-ca's tables in PostgreSQL: <c>nkey</c> and <c>nvalue</c>, both bytea. One snapshot from begin to end; whether step-ca is still running it can't tell.</summary>
internal sealed class PostgresTables : IStepCaTables
{
    private const int PageRows = 1000;
    private const int TimeoutSeconds = 60;

    private static readonly string Columns = string.Create(CultureInfo.InvariantCulture, $"nkey, CASE WHEN octet_length(nvalue) <= {StepCaDatabase.MaxValue} THEN nvalue END");

    private readonly NpgsqlConnection _connection;

    private PostgresTables(NpgsqlConnection connection) => _connection = connection;

    /// <param name="source">A URI, or words such as <c>host=db user=step dbname=stepca</c>.</param>
    /// <param name="database">Wins over the source's.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<PostgresTables> OpenAsync(string source, string? database, CancellationToken cancellationToken)
    {
        var settings = Settings(source);
        settings.Timeout = 15;
        settings.CommandTimeout = TimeoutSeconds;
        settings.Pooling = false;
        if (!string.IsNullOrEmpty(database))
        {
            settings.Database = database;
        }

        var connection = new NpgsqlConnection(settings.ConnectionString);
        try
        {
            return await GuardAsync(async () =>
            {
                await connection.OpenAsync(cancellationToken);
                await using var begin = new NpgsqlCommand("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", connection);
                await begin.ExecuteNonQueryAsync(cancellationToken);
                return new PostgresTables(connection);
            });
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public async IAsyncEnumerable<StepCaRow> ReadAsync(StepCaTable table, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (!await HasAsync(table, cancellationToken))
        {
            yield break;
        }

        byte[] after = [];
        while (true)
        {
            var rows = await RowsAsync($"""SELECT {Columns} FROM "{table.Name}" WHERE nkey > $1 ORDER BY nkey LIMIT {PageRows}""", after, cancellationToken);
            foreach (var row in rows)
            {
                yield return row;
            }

            if (rows.Count < PageRows)
            {
                yield break;
            }

            after = rows[^1].Key;
        }
    }

    public async Task<IReadOnlyList<byte[]?>> FindAsync(StepCaTable table, IReadOnlyList<byte[]> keys, CancellationToken cancellationToken)
    {
        if (!await HasAsync(table, cancellationToken))
        {
            return new byte[]?[keys.Count];
        }

        var found = (await RowsAsync($"""SELECT {Columns} FROM "{table.Name}" WHERE nkey = ANY ($1)""", keys.ToArray(), cancellationToken)).ToDictionary(row => Convert.ToHexString(row.Key), row => row.Value);
        return [.. keys.Select(key => found.GetValueOrDefault(Convert.ToHexString(key)))];
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    internal static NpgsqlConnectionStringBuilder Settings(string source)
    {
        try
        {
            var settings = new NpgsqlConnectionStringBuilder();
            var words = source.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || source.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase)
                ? OfUri(new Uri(source))
                : source.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word.Split('=', 2)).Select(word => (word[0], word.Length == 2 ? word[1].Trim('\'') : throw new FormatException()));
            foreach (var (name, value) in words)
            {
                Set(settings, name, value);
            }

            return settings;
        }
        // Of it nothing is said: it has a password.
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            throw StepCaDatabase.Refused("the \"dataSource\" of the PostgreSQL database in ca.json is not understood: it is postgresql://user:password@host:port/database");
        }
    }

    private static IEnumerable<(string Name, string Value)> OfUri(Uri uri)
    {
        var user = uri.UserInfo.Split(':', 2);
        yield return ("host", Uri.UnescapeDataString(uri.Host));
        yield return ("port", (uri.Port > 0 ? uri.Port : 5432).ToString(CultureInfo.InvariantCulture));
        yield return ("user", Uri.UnescapeDataString(user[0]));
        yield return ("password", user.Length == 2 ? Uri.UnescapeDataString(user[1]) : "");
        yield return ("dbname", Uri.UnescapeDataString(uri.AbsolutePath.TrimStart('/')));
        foreach (var parameter in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var pair = parameter.Split('=', 2);
            yield return (pair[0], pair.Length == 2 ? Uri.UnescapeDataString(pair[1]) : "");
        }
    }

    private static void Set(NpgsqlConnectionStringBuilder settings, string name, string value)
    {
        if (value.Length == 0)
        {
            return;
        }

        switch (name)
        {
            case "host":
                settings.Host = value;
                break;
            case "port":
                settings.Port = int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture);
                break;
            case "user":
                settings.Username = value;
                break;
            case "password":
                settings.Password = value;
                break;
            case "dbname":
                settings.Database = value;
                break;
            case "sslmode":
                settings.SslMode = Enum.Parse<SslMode>(value.Replace("-", "", StringComparison.Ordinal), ignoreCase: true);
                break;
            case "sslrootcert":
                settings.RootCertificate = value;
                break;
            case "sslcert":
                settings.SslCertificate = value;
                break;
            case "sslkey":
                settings.SslKey = value;
                break;
            // Sizes of pools, time-outs and names for the log.
            default:
                break;
        }
    }

    private static async Task<T> GuardAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or InvalidCastException)
        {
            throw StepCaDatabase.Refused($"the PostgreSQL database of step-ca can't be read: {e.Message}", e);
        }
    }

    private Task<bool> HasAsync(StepCaTable table, CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        await using var command = new NpgsqlCommand("SELECT to_regclass($1) IS NOT NULL", _connection) { Parameters = { new() { Value = $"\"{table.Name}\"" } } };
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    });

    private Task<List<StepCaRow>> RowsAsync(string sql, object parameter, CancellationToken cancellationToken) => GuardAsync(async () =>
    {
        await using var command = new NpgsqlCommand(sql, _connection) { Parameters = { new() { Value = parameter } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<StepCaRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new StepCaRow(reader.GetFieldValue<byte[]>(0), reader.IsDBNull(1) ? [] : reader.GetFieldValue<byte[]>(1)));
        }

        return rows;
    });
}
