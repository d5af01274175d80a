using System.Net.Sockets;
using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.Database;

/// <summary>A PostgreSQL that the platform does not run. Failures at start-up become one line that never shows the password.</summary>
internal static class ExternalPostgres
{
    private const int OldestMajor = 14;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);

    public static async Task<NpgsqlDataSource> ConnectAsync(string connectionString, TimeProvider time, CancellationToken cancellationToken)
    {
        NpgsqlDataSource dataSource;
        try
        {
            dataSource = DataSources.Create(connectionString);
        }
        catch (ArgumentException)
        {
            // The parser's message may quote the value, and the value may be the password.
            throw new StartupException("The database connection string (IOT_DATABASE) is malformed. Expected for example: Host=db;Database=iot;Username=iot;Password=…");
        }

        try
        {
            await TryUntilPatienceEndsAsync(dataSource, time, cancellationToken);
            return dataSource;
        }
        catch
        {
            await dataSource.DisposeAsync();
            throw;
        }
    }

    private static async Task TryUntilPatienceEndsAsync(NpgsqlDataSource dataSource, TimeProvider time, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            try
            {
                await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
                if (connection.PostgreSqlVersion.Major < OldestMajor)
                {
                    throw new StartupException($"The database server is PostgreSQL {connection.PostgreSqlVersion}; {OldestMajor} or newer is needed.");
                }

                return;
            }
            catch (NpgsqlException e)
            {
                var where = $"database at {Where(dataSource)}";
                if (e is PostgresException refused && !refused.IsTransient)
                {
                    throw new StartupException($"The {where} refused the connection: {Explain(refused)}", inner: e);
                }

                if (time.GetElapsedTime(began) > Patience)
                {
                    throw new StartupException($"The {where} does not answer: {Root(e)}", inner: e);
                }
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }
    }

    private static string Explain(PostgresException e) => e.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification => "wrong user name or password.",
        PostgresErrorCodes.InvalidCatalogName => "the database does not exist. Create it first.",
        _ => e.MessageText,
    };

    private static string Root(Exception e) => e.GetBaseException() is SocketException socket ? socket.Message : e.GetBaseException().Message;

    private static string Where(NpgsqlDataSource dataSource)
    {
        var settings = new NpgsqlConnectionStringBuilder(dataSource.ConnectionString);
        return $"{settings.Host}:{settings.Port}/{settings.Database}";
    }
}
