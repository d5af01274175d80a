using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Processes;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.Database;

/// <summary>The embedded default database: an own PostgreSQL server in the data folder, on a Unix socket only, that lives and dies with this process.</summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    internal const string Role = "platform";
    private readonly PostgresFolder _folder;
    private readonly PostgresBinaries _binaries;
    private readonly ParentThread _parent;
    private readonly PostgresSupervisor _supervisor;
    private readonly bool _durable;
    private bool _disposed;

    private PrivatePostgres(PostgresFolder folder, PostgresBinaries binaries, ParentThread parent, PostgresSupervisor supervisor, bool durable)
    {
        _folder = folder;
        _binaries = binaries;
        _parent = parent;
        _supervisor = supervisor;
        _durable = durable;
    }

    /// <summary>Makes the data folder on first use, recovers after a crash, ends a server that a killed host left behind.</summary>
    /// <param name="folder">Absolute; as root its parents must be open to the user postgres.</param>
    public static async Task<PrivatePostgres> StartAsync(string folder, PrivatePostgresOptions options, ILogger logger, TimeProvider time, CancellationToken cancellationToken)
    {
        var opened = PostgresFolder.Open(folder);
        var parent = new ParentThread();
        PostgresSupervisor? supervisor = null;
        try
        {
            var binaries = PostgresBinaries.Find(options.BinDirectory, opened.Version);
            await PostgresCluster.EnsureAsync(opened, binaries, options.Durable, parent, logger, time, cancellationToken);
            supervisor = new PostgresSupervisor(() => new PostgresServerProcess(opened, binaries, options.Durable, parent, logger, time), logger, time);
            await supervisor.StartAsync(cancellationToken);
            var server = new PrivatePostgres(opened, binaries, parent, supervisor, options.Durable);
            await server.EnsureRoleAsync(cancellationToken);
            return server;
        }
        catch (Exception e)
        {
            var problem = e is NpgsqlException ? PostgresDisk.Problem(opened) : null;
            if (supervisor is not null)
            {
                await supervisor.DisposeAsync();
            }

            parent.Dispose();
            opened.Dispose();
            if (problem is not null)
            {
                throw Unusable(folder, problem, e);
            }

            throw;
        }
    }

    /// <summary>The server came back after it had died: pooled connections are stale.</summary>
    public event Action? Restarted
    {
        add => _supervisor.Restarted += value;
        remove => _supervisor.Restarted -= value;
    }

    public int ServerProcessId => _supervisor.ServerProcessId;

    /// <summary>For the platform's own role, which is no superuser and does not own the audit log.</summary>
    public string ConnectionString(string database = "platform") => Connection(database, Role, pooling: true);

    public string SuperuserConnectionString(string database = "postgres") => Connection(database, "postgres", pooling: false);

    /// <summary>Creates the database, owned by the platform's role, unless it is there.</summary>
    public async Task EnsureDatabaseAsync(string database, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(SuperuserConnectionString());
        await connection.OpenAsync(cancellationToken);
        await using var exists = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection) { Parameters = { new() { Value = database } } };
        if (await exists.ExecuteScalarAsync(cancellationToken) is null)
        {
            await using var create = new NpgsqlCommand($"CREATE DATABASE {PostgresIdentifier.Quote(database)} OWNER {Role}", connection);
            try
            {
                await create.ExecuteNonQueryAsync(cancellationToken);
            }
            catch (NpgsqlException e) when (PostgresDisk.Problem(_folder) is { } problem)
            {
                throw Unusable(_folder.Path, problem, e);
            }
        }
    }

    /// <summary>Fills an empty database from a file that <c>pg_dump --format=custom</c> wrote: all of it, or nothing.</summary>
    public async Task RestoreAsync(string database, string file, CancellationToken cancellationToken)
    {
        await using (var connection = new NpgsqlConnection(SuperuserConnectionString(database)))
        {
            await connection.OpenAsync(cancellationToken);
            await using var used = new NpgsqlCommand("SELECT to_regnamespace('platform') IS NOT NULL", connection);
            if ((bool)(await used.ExecuteScalarAsync(cancellationToken))!)
            {
                throw new StartupException($"The database in {_folder.Path} is not empty: nothing was restored. Start without --restore, or move {_folder.Path} away first.");
            }
        }

        using var restore = await ChildProcess.StartAsync(PostgresCommand.Restore(_folder, _binaries, Role, database, Path.GetFullPath(file)), _parent);
        try
        {
            await restore.Exited.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Posix.Signal(restore.Id, Posix.Kill);
            throw;
        }

        if (restore.ExitCode != 0)
        {
            throw new StartupException($"The database could not be restored from {file}, and is as it was: {restore.LastError()}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        await _supervisor.DisposeAsync();
        _parent.Dispose();
        _folder.Dispose();
    }

    private static StartupException Unusable(string folder, string problem, Exception inner) => new($"PostgreSQL cannot work in {folder}: {problem}", inner: inner);

    private async Task EnsureRoleAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(SuperuserConnectionString());
        await connection.OpenAsync(cancellationToken);
        await using var exists = new NpgsqlCommand("SELECT 1 FROM pg_roles WHERE rolname = $1", connection) { Parameters = { new() { Value = Role } } };
        if (await exists.ExecuteScalarAsync(cancellationToken) is null)
        {
            await using var create = new NpgsqlCommand($"CREATE ROLE {Role} LOGIN", connection);
            await create.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private string Connection(string database, string user, bool pooling) => new NpgsqlConnectionStringBuilder
    {
        Host = _folder.Socket,
        Username = user,
        Database = database,
        Pooling = pooling,
        MaxPoolSize = _durable ? 80 : 20,
    }.ConnectionString;
}

public sealed record PrivatePostgresOptions
{
    /// <summary>False only for tests: no fsync, a crash may lose everything.</summary>
    public bool Durable { get; init; } = true;

    /// <summary>Where postgres and initdb are; null: PATH, then /usr/lib/postgresql, newest first.</summary>
    public string? BinDirectory { get; init; }
}
