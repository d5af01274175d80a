using System.Globalization;
using IoTPlatform.Hosting;
using Npgsql;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>
/// Keeps every other process off a tenant's workflow: a PostgreSQL advisory lock that dies with its connection. What the holder
/// records goes over this very connection, so a holder that lost the lock can't record anything.
/// </summary>
internal sealed class TenantLock : IAsyncDisposable
{
    private readonly string _name;

    private TenantLock(NpgsqlConnection connection, string name)
    {
        Connection = connection;
        _name = name;
    }

    public NpgsqlConnection Connection { get; }

    /// <summary>Null when another holder kept it for the whole wait.</summary>
    public static async Task<TenantLock?> TryAcquireAsync(NpgsqlDataSource database, string tenantId, TimeSpan wait, CancellationToken cancellationToken)
    {
        var name = "provider.tenant:" + tenantId;
        var connection = await database.OpenConnectionAsync(cancellationToken);
        try
        {
            await using var acquire = new NpgsqlBatch(connection)
            {
                BatchCommands =
                {
                    new("SELECT set_config('lock_timeout', $1, false)") { Parameters = { new() { Value = ((int)wait.TotalMilliseconds).ToString(CultureInfo.InvariantCulture) } } },
                    new("SELECT pg_advisory_lock(hashtextextended($1, 0))") { Parameters = { new() { Value = name } } },
                    new("SELECT set_config('lock_timeout', '0', false)"),
                },
            };
            await acquire.ExecuteNonQueryAsync(cancellationToken);
            return new TenantLock(connection, name);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            await connection.DisposeAsync();
            return null;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await using var release = new NpgsqlCommand("SELECT pg_advisory_unlock(hashtextextended($1, 0))", Connection) { Parameters = { new() { Value = _name } } };
            await release.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException)
        {
            // The connection is gone and the lock with it.
        }

        await Connection.DisposeAsync();
    }
}

/// <summary>The tenant's lock for request handlers.</summary>
internal sealed class TenantLocks(NpgsqlDataSource database)
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(10);

    /// <summary>Throws 503 <c>tenant_busy</c>.</summary>
    public async Task<TenantLock> AcquireAsync(string tenantId, CancellationToken cancellationToken) =>
        await TenantLock.TryAcquireAsync(database, tenantId, Wait, cancellationToken)
        ?? throw new ProblemException(
            StatusCodes.Status503ServiceUnavailable, "tenant_busy", $"Another call is working on tenant {tenantId}. Try again.", TimeSpan.FromSeconds(2));
}
