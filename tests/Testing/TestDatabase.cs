using Npgsql;

namespace IoTPlatform.Testing;

/// <summary>A database of its own; dropped on dispose.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private TestDatabase(NpgsqlDataSource dataSource) => DataSource = dataSource;

    public NpgsqlDataSource DataSource { get; }

    /// <summary>As the platform's role: owner, no superuser. Good for IOT_DATABASE of a child process.</summary>
    public string ConnectionString => throw new NotImplementedException();

    public string SuperuserConnectionString => throw new NotImplementedException();

    public Task ExecuteAsync(string sql, params object?[] parameters) => throw new NotImplementedException();

    public Task<T?> ScalarAsync<T>(string sql, params object?[] parameters) => throw new NotImplementedException();

    /// <summary>For attacks no platform role could do: triggers off, rows changed.</summary>
    public Task ExecuteAsSuperuserAsync(string sql) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
