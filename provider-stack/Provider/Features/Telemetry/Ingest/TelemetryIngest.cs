using System.Collections.Concurrent;
using System.Threading.Channels;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;
using IoTPlatform.Provider.Features.Commands;
using IoTPlatform.Telemetry;
using IoTPlatform.Telemetry.Ingest;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Telemetry.Ingest;

/// <summary>
/// Reads every joined tenant's telemetry into the database: a connection for each, because AMQP binds a connection to a vHost, and one
/// writer for all. A suspended tenant's too: it can send nothing more, and what was acknowledged to it counts.
/// </summary>
internal sealed partial class TelemetryIngest(
    IDbContextFactory<ProviderDb> contexts, AmqpConnections connections, TelemetryStore store, TelemetryOptions options, IngestMetrics metrics, TenantCommandReports reports,
    UplinkCheckpoints checkpoints, TimeProvider time, ILogger<TelemetryIngest> log) : BackgroundService, IBridgeChannel, IUplinkQueue
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(5);

    private readonly Channel<TelemetryDelivery> _queue = Channel.CreateBounded<TelemetryDelivery>(new BoundedChannelOptions(IngestLimits.Waiting) { SingleReader = true });
    private readonly ConcurrentDictionary<string, TenantIngest> _tenants = new(StringComparer.Ordinal);
    private IngestContext? _context;
    private readonly SemaphoreSlim _connecting = new(SessionLimits.Connecting);
    private bool _lookFails;

    public IReadOnlyCollection<string> Tenants => [.. _tenants.Where(tenant => tenant.Value.Session is not null).Select(tenant => tenant.Key)];

    public Task SendAsync(string tenantId, string topic, ReadOnlyMemory<byte> payload, DateTimeOffset expiresAt, CancellationToken cancellationToken) =>
        _tenants.GetValueOrDefault(tenantId)?.Session?.SendAsync(topic.Replace('/', '.'), payload, expiresAt, cancellationToken) ?? Task.CompletedTask;

    public async Task SendAsync(string tenantId, UplinkProgress progress, CancellationToken cancellationToken)
    {
        Context.EarlyCheckpoints[tenantId] = progress;
        if (_tenants.GetValueOrDefault(tenantId) is { } tenant)
        {
            await tenant.SendEarlyCheckpointAsync(cancellationToken);
        }
    }

    private IngestContext Context => LazyInitializer.EnsureInitialized(ref _context, () => new IngestContext(_queue.Writer, options, metrics, reports, checkpoints, time));

    public override void Dispose()
    {
        base.Dispose();
        _connecting.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var giveUp = new CancellationTokenSource();
        var writing = Task.Run(() => new TelemetryWriter(_queue.Reader, store, metrics, time, log).RunAsync(giveUp.Token), CancellationToken.None);
        // A writer that ends before it is stopped has hit a bug: reading must not continue without it.
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        _ = writing.ContinueWith(_ => stop.Cancel(), TaskScheduler.Default);
        await FollowUntilAsync(stop.Token);

        await Task.WhenAll(_tenants.Values.Select(tenant => tenant.StopTakingAsync()));
        _queue.Writer.Complete();
        giveUp.CancelAfter(IngestLimits.DrainTimeout);
        await writing;
        await Task.WhenAll(_tenants.Values.Select(tenant => tenant.DisposeAsync().AsTask()));
    }

    private async Task FollowUntilAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(LookInterval, time);
        try
        {
            do
            {
                await TryFollowAsync(stop);
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    private async Task TryFollowAsync(CancellationToken cancellationToken)
    {
        try
        {
            await FollowAsync(cancellationToken);
            _lookFails = false;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Those who are known go on; the next failures say the same.
            if (!_lookFails)
            {
                LookFailed(e);
            }

            _lookFails = true;
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var wanted = await db.Tenants.Where(t => t.Status == TenantStatus.Joined || t.Status == TenantStatus.Active).Select(t => t.TenantId).ToHashSetAsync(StringComparer.Ordinal, cancellationToken);
        foreach (var gone in _tenants.Keys.Where(id => !wanted.Contains(id)).ToList())
        {
            _tenants.TryRemove(gone, out var tenant);
            Context.EarlyCheckpoints.TryRemove(gone, out _);
            await tenant!.DisposeAsync();
        }

        foreach (var tenantId in wanted.Where(id => !_tenants.ContainsKey(id)))
        {
            _tenants[tenantId] = new TenantIngest(tenantId, connections, _connecting, RepairAsync, Context, log);
        }
    }

    /// <summary>The broker's reconciler gives every tenant what it lacks there.</summary>
    private async Task RepairAsync(string tenantId, CancellationToken cancellationToken)
    {
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var now = time.GetUtcNow();
        await db.Tenants.Where(t => t.TenantId == tenantId && t.BrokerDueAt == null && t.Status != TenantStatus.Removing)
            .ExecuteUpdateAsync(s => s.SetProperty(t => t.BrokerDueAt, now), cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The tenants whose telemetry is to be read could not be looked up")]
    private partial void LookFailed(Exception exception);
}
