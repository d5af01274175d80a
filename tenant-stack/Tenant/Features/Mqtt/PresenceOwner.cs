using IoTPlatform.Database;
using IoTPlatform.Tenant.Data;
using Npgsql;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>This process among those of one database: a number, and an advisory lock that others see for as long as it lives.</summary>
internal sealed class PresenceOwner(NpgsqlDataSource database) : IAsyncDisposable
{
    /// <summary>"iotb" in ASCII, in the upper half of the lock's key: <c>pg_locks.classid</c>.</summary>
    public const int LockClass = 0x696f7462;

    private AdvisoryLock? _lock;
    private int _number;

    /// <summary>Over the connection of the lock: what fails there, fails without the lock.</summary>
    public async Task RunAsync(Func<TenantDbContext, int, Task> record, CancellationToken cancellationToken)
    {
        try
        {
            _lock ??= await AcquireAsync(cancellationToken);
            await using var db = DataServices.Create(_lock.Connection);
            await record(db, _number);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_lock is { } held)
        {
            _lock = null;
            await held.DisposeAsync();
        }
    }

    private async Task<AdvisoryLock> AcquireAsync(CancellationToken cancellationToken)
    {
        await using (var next = database.CreateCommand("SELECT nextval('tenant.presence_owners')::int"))
        {
            _number = (int)(await next.ExecuteScalarAsync(cancellationToken))!;
        }

        return await AdvisoryLock.TryAcquireAsync(database, ((long)LockClass << 32) | (uint)_number, TimeSpan.Zero, cancellationToken)
            ?? throw new InvalidOperationException($"Another process has the number {_number}.");
    }
}
