using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.Hosting;

/// <summary>The host's database: the one of the connection string, or a private server in the data folder.</summary>
public sealed class PlatformDatabase : IAsyncDisposable
{
    private PlatformDatabase(NpgsqlDataSource dataSource) => DataSource = dataSource;

    public NpgsqlDataSource DataSource { get; }

    /// <param name="connectionString">Null: private server.</param>
    public static Task<PlatformDatabase> OpenAsync(DataFolder folder, string? connectionString, string databaseName, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
