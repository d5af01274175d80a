using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.Hosting;

/// <summary>The host's database: the one of the connection string, or a private server in the data folder.</summary>
public sealed class PlatformDatabase : IAsyncDisposable
{
    private readonly PrivatePostgres? _server;

    private PlatformDatabase(NpgsqlDataSource dataSource, PrivatePostgres? server)
    {
        DataSource = dataSource;
        _server = server;
        if (_server is not null)
        {
            _server.Restarted += DataSource.Clear;
        }
    }

    public NpgsqlDataSource DataSource { get; }

    /// <param name="connectionString">Null: private server.</param>
    public static async Task<PlatformDatabase> OpenAsync(DataFolder folder, string? connectionString, string databaseName, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        if (connectionString is not null)
        {
            return new PlatformDatabase(await ExternalPostgres.ConnectAsync(connectionString, time, cancellationToken), server: null);
        }

        if (PostgresFolder.RunningAccount() is { } account)
        {
            folder.AllowPassage(account);
        }

        var server = await PrivatePostgres.StartAsync(folder.Combine("postgres"), new PrivatePostgresOptions(), loggers.CreateLogger<PrivatePostgres>(), time, cancellationToken);
        try
        {
            await server.EnsureDatabaseAsync(databaseName, cancellationToken);
            return new PlatformDatabase(DataSources.Create(server.ConnectionString(databaseName)), server);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}
