using IoTPlatform.Database;
using Npgsql;

namespace IoTPlatform.Testing;

/// <summary>A database of its own; dropped on dispose.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    /// <summary>Seconds: a test may write a hundred thousand rows while other tests run, too.</summary>
    private const int SlowMachine = 180;

    internal TestDatabase(PrivatePostgres server, string name)
    {
        Name = name;
        ConnectionString = server.ConnectionString(name);
        SuperuserConnectionString = server.SuperuserConnectionString(name);
        DataSource = NpgsqlDataSource.Create(ConnectionString);
    }

    public string Name { get; }

    public NpgsqlDataSource DataSource { get; }

    /// <summary>As the platform's role: owner, no superuser. Good for IOT_DATABASE of a child process.</summary>
    public string ConnectionString { get; }

    public string SuperuserConnectionString { get; }

    public async Task ExecuteAsync(string sql, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first column of the first row; default for no row or null.</summary>
    public async Task<T?> ScalarAsync<T>(string sql, params object?[] parameters)
    {
        await using var command = Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync() && !await reader.IsDBNullAsync(0) ? await reader.GetFieldValueAsync<T>(0) : default;
    }

    /// <summary>For attacks no platform role could do: triggers off, rows changed.</summary>
    public async Task ExecuteAsSuperuserAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(SuperuserConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Where the server listens.</summary>
    public string SocketFolder => new NpgsqlConnectionStringBuilder(ConnectionString).Host!;

    /// <summary>The same database by another path to the server's socket.</summary>
    public string ConnectionStringBy(string socketFolder) => new NpgsqlConnectionStringBuilder(ConnectionString) { Host = socketFolder }.ConnectionString;

    /// <summary>Whether new connections are let in; those that are open stay.</summary>
    public Task AllowConnectionsAsync(bool allowed) => PostgresServer.ExecuteAsync($"ALTER DATABASE {Name} ALLOW_CONNECTIONS {allowed}");

    public Task EndConnectionsAsync() => PostgresServer.ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{Name}'");

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await PostgresServer.DropAsync(Name);
    }

    private NpgsqlCommand Command(string sql, object?[] parameters)
    {
        var command = DataSource.CreateCommand(sql);
        command.CommandTimeout = SlowMachine;
        foreach (var value in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        }

        return command;
    }
}
