using System.Reflection;
using IoTPlatform.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.Database;

/// <summary>The host's database: the one of the connection string, or a private server in the data folder.</summary>
public sealed class PlatformDatabase : IAsyncDisposable
{
    private readonly PrivatePostgres? _server;
    private readonly string _name;
    private readonly ILogger _logger;

    private PlatformDatabase(NpgsqlDataSource dataSource, PrivatePostgres? server, string name, ILogger logger)
    {
        DataSource = dataSource;
        _server = server;
        _name = name;
        _logger = logger;
        if (_server is not null)
        {
            _server.Restarted += DataSource.Clear;
        }
    }

    public NpgsqlDataSource DataSource { get; }

    /// <param name="connectionString">Null: private server.</param>
    public static async Task<PlatformDatabase> OpenAsync(DataFolder folder, string? connectionString, string databaseName, ILoggerFactory loggers, TimeProvider time, CancellationToken cancellationToken)
    {
        var logger = loggers.CreateLogger<PlatformDatabase>();
        if (connectionString is not null)
        {
            return new PlatformDatabase(await ExternalPostgres.ConnectAsync(connectionString, time, cancellationToken), server: null, databaseName, logger);
        }

        if (PostgresFolder.RunningAccount() is { } account)
        {
            folder.AllowPassage(account);
        }

        var server = await PrivatePostgres.StartAsync(folder.Combine("postgres"), new PrivatePostgresOptions(), loggers.CreateLogger<PrivatePostgres>(), time, cancellationToken);
        try
        {
            await server.EnsureDatabaseAsync(databaseName, cancellationToken);
            return new PlatformDatabase(DataSources.Create(server.ConnectionString(databaseName)), server, databaseName, logger);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The setting with the file of <see cref="RestoreAsync"/>: <c>--restore</c>.</summary>
    public const string RestoreSetting = "IOT_RESTORE";

    /// <summary>Fills an empty private database from a backup.</summary>
    public Task RestoreAsync(string file, CancellationToken cancellationToken) => _server is null
        ? throw new StartupException("--restore fills the private database only. Let the database's administrator run pg_restore, then start without it.")
        : _server.RestoreAsync(_name, file, cancellationToken);

    /// <summary>Applies the migrations and leaves the audit log to its own owner; on a server that others run, says so when it is not.</summary>
    public async Task MigrateAsync(CancellationToken cancellationToken, params Assembly[] assemblies)
    {
        if (_server is null)
        {
            await Migrations.ApplyAsync(DataSource, assemblies);
            await AuditOwner.WarnAsync(DataSource, _logger, cancellationToken);
            return;
        }

        await using var superuser = new NpgsqlConnection(_server.SuperuserConnectionString(_name));
        await superuser.OpenAsync(cancellationToken);
        await AuditOwner.LendAsync(superuser, PrivatePostgres.Role, cancellationToken);
        await Migrations.ApplyAsync(DataSource, assemblies);
        await AuditOwner.TakeAsync(superuser, cancellationToken);
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
