using Microsoft.Extensions.Logging;

namespace IoTPlatform.Hosting;

/// <summary>The embedded default database: an own PostgreSQL server in the data folder, on a Unix socket only, that lives and dies with this process.</summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    private PrivatePostgres() { }

    public static Task<PrivatePostgres> StartAsync(string folder, PrivatePostgresOptions options, ILogger logger, TimeProvider time, CancellationToken cancellationToken) => throw new NotImplementedException();

    public int ServerProcessId => throw new NotImplementedException();

    /// <summary>For the platform's own role, which owns its databases and is no superuser.</summary>
    public string ConnectionString(string database = "platform") => throw new NotImplementedException();

    public string SuperuserConnectionString(string database = "postgres") => throw new NotImplementedException();

    /// <summary>Creates the database, owned by the platform's role, unless it is there.</summary>
    public Task EnsureDatabaseAsync(string database, CancellationToken cancellationToken) => throw new NotImplementedException();

    public ValueTask DisposeAsync() => throw new NotImplementedException();
}
