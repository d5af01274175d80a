using System.Diagnostics;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Provider.Features.Workflow;

/// <summary>One workflow or one call at a time works on a tenant, in all processes of the provider.</summary>
internal sealed class TenantLocks(NpgsqlDataSource database) : IDisposable
{
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(10);

    private readonly TenantTurns _turns = new();

    /// <summary>Null when another holder kept it for the whole wait.</summary>
    public async Task<TenantLock?> TryAcquireAsync(string tenantId, TimeSpan wait, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        if (await _turns.TryTakeAsync(tenantId, wait, cancellationToken) is not { } turn)
        {
            return null;
        }

        AdvisoryLock? held = null;
        try
        {
            held = await AdvisoryLock.TryAcquireAsync(database, "provider.tenant:" + tenantId, wait - Stopwatch.GetElapsedTime(began), cancellationToken);
            return held is null ? null : new TenantLock(held, turn);
        }
        finally
        {
            if (held is null)
            {
                turn.Dispose();
            }
        }
    }

    /// <summary>For request handlers. Throws 503 <c>tenant_busy</c>.</summary>
    public async Task<TenantLock> AcquireAsync(string tenantId, CancellationToken cancellationToken) =>
        await TryAcquireAsync(tenantId, Wait, cancellationToken)
        ?? throw new ProblemException(
            StatusCodes.Status503ServiceUnavailable, "tenant_busy", $"Another call is working on tenant {tenantId}, or too many tenants are being worked on. Try again.", TimeSpan.FromSeconds(2));

    public void Dispose() => _turns.Dispose();
}

/// <summary>What the holder records goes over the lock's connection, so a holder that lost the lock can't record anything.</summary>
internal sealed class TenantLock(AdvisoryLock held, IDisposable turn) : IAsyncDisposable
{
    public NpgsqlConnection Connection => held.Connection;

    public ProviderDb CreateContext() => new(LockedContext.Options<ProviderDb>(Connection));

    public async ValueTask DisposeAsync()
    {
        try
        {
            await held.DisposeAsync();
        }
        finally
        {
            turn.Dispose();
        }
    }
}

/// <summary>
/// The queue for locks within this process: one holder per tenant, and no more than may have a connection beside the pool's. Waiting takes none,
/// so a tenant that calls often keeps no other one waiting.
/// </summary>
internal sealed class TenantTurns : IDisposable
{
    private const int MostHeld = 24;

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _places = new(MostHeld, MostHeld);

    /// <summary>Null: it did not come within the wait.</summary>
    public async Task<IDisposable?> TryTakeAsync(string tenantId, TimeSpan wait, CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        var entry = Enter(tenantId);
        var (first, taken) = (false, false);
        try
        {
            first = await entry.One.WaitAsync(wait, cancellationToken);
            var left = wait - Stopwatch.GetElapsedTime(began);
            taken = first && await _places.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellationToken);
            return taken ? new Turn(this, tenantId, entry) : null;
        }
        finally
        {
            if (!taken)
            {
                Leave(tenantId, entry, first);
            }
        }
    }

    public void Dispose() => _places.Dispose();

    private Entry Enter(string tenantId)
    {
        lock (_entries)
        {
            if (!_entries.TryGetValue(tenantId, out var entry))
            {
                _entries.Add(tenantId, entry = new Entry());
            }

            entry.Users++;
            return entry;
        }
    }

    private void Leave(string tenantId, Entry entry, bool release)
    {
        lock (_entries)
        {
            if (release)
            {
                entry.One.Release();
            }

            if (--entry.Users == 0)
            {
                _entries.Remove(tenantId);
                entry.One.Dispose();
            }
        }
    }

    private sealed class Entry
    {
        public SemaphoreSlim One { get; } = new(1, 1);

        public int Users { get; set; }
    }

    private sealed class Turn(TenantTurns turns, string tenantId, Entry entry) : IDisposable
    {
        public void Dispose()
        {
            turns._places.Release();
            turns.Leave(tenantId, entry, release: true);
        }
    }
}
