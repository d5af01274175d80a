using IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;
using IoTPlatform.Telemetry.Ingest;
using Polly;
using RabbitMQ.Client.Exceptions;

namespace IoTPlatform.Provider.Features.Telemetry.Ingest;

/// <summary>Keeps one tenant's session open, with backoff after failures. Other tenants are not affected.</summary>
internal sealed partial class TenantIngest : IAsyncDisposable
{
    private readonly string _tenantId;
    private readonly AmqpConnections _connections;
    private readonly SemaphoreSlim _connecting;
    private readonly Func<string, CancellationToken, Task> _repair;
    private readonly IngestContext _context;
    private readonly ILogger _log;
    private readonly DeadLetterLog _deadLetters;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private volatile TelemetrySession? _session;

    /// <param name="tenantId">Also its vHost.</param>
    /// <param name="connections">Where and as whom.</param>
    /// <param name="connecting">Bounds how many tenants connect at once.</param>
    /// <param name="repair">Asked for when the vHost refuses the platform.</param>
    /// <param name="context">Where messages go.</param>
    /// <param name="log">For its life and its dead letters.</param>
    public TenantIngest(string tenantId, AmqpConnections connections, SemaphoreSlim connecting, Func<string, CancellationToken, Task> repair, IngestContext context, ILogger log)
    {
        _tenantId = tenantId;
        _connections = connections;
        _connecting = connecting;
        _repair = repair;
        _context = context;
        _log = log;
        _deadLetters = new DeadLetterLog(tenantId, context.Time, log);
        _running = Task.Run(RunAsync, CancellationToken.None);
    }

    /// <summary>Null: it is not connected now.</summary>
    public TelemetrySession? Session => _session;

    /// <summary>If there is a session; else the next one does it.</summary>
    public async Task SendEarlyCheckpointAsync(CancellationToken cancellationToken)
    {
        if (_session is { Ended.IsCompleted: false } session && _context.EarlyCheckpoints.TryRemove(_tenantId, out var progress))
        {
            await session.SendAsync(progress, cancellationToken);
            if (session.Ended.IsCompleted)
            {
                _context.EarlyCheckpoints.TryAdd(_tenantId, progress);
            }
        }
    }

    /// <summary>Returns when nothing more is taken.</summary>
    public async Task StopTakingAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _session?.StopTaking();
    }

    /// <summary>Acknowledges what was stored, and closes.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopTakingAsync();
        if (_session is not null)
        {
            await _session.DisposeAsync();
        }

        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var backoff = CreateBackoff();
        try
        {
            while (true)
            {
                _session = await backoff.ExecuteAsync(ConnectAsync, _stop.Token);
                Reading(_tenantId);
                await SendEarlyCheckpointAsync(_stop.Token);
                var reason = await _session.Ended.WaitAsync(_stop.Token);
                Lost(_tenantId, reason);
                await _session.DisposeAsync();
                _session = null;
                await Task.Delay(SessionLimits.AfterLoss, _context.Time, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // the host stops, or the tenant is removed
        }
    }

    private ResiliencePipeline CreateBackoff()
    {
        var retry = IngestLimits.Backoff;
        retry.ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is not null && !_stop.IsCancellationRequested);
        retry.OnRetry = async args =>
        {
            // Only the first of consecutive failures is logged.
            if (args.AttemptNumber == 0)
            {
                Failed(_tenantId, args.Outcome.Exception!.GetBaseException().Message);
            }

            if (args.Outcome.Exception is OperationInterruptedException { ShutdownReason.ReplyCode: AmqpConnections.VhostRefused })
            {
                await TryRepairAsync();
            }
        };
        return new ResiliencePipelineBuilder { TimeProvider = _context.Time }.AddRetry(retry).Build();
    }

    private async ValueTask<TelemetrySession> ConnectAsync(CancellationToken stop)
    {
        await _connecting.WaitAsync(stop);
        try
        {
            var connection = await _connections.ConnectAsync(_tenantId, "iot-telemetry", stop);
            return await TelemetrySession.StartAsync(_tenantId, connection, _deadLetters, _context, stop);
        }
        finally
        {
            _connecting.Release();
        }
    }

    private async Task TryRepairAsync()
    {
        try
        {
            await _repair(_tenantId, _stop.Token);
        }
        catch (Exception e) when (!_stop.IsCancellationRequested)
        {
            RepairFailed(_tenantId, e.Message);
        }
        catch (OperationCanceledException)
        {
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Reading the telemetry of tenant {Tenant}")]
    private partial void Reading(string tenant);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The connection for the telemetry of tenant {Tenant} ended: {Reason}")]
    private partial void Lost(string tenant, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The telemetry of tenant {Tenant} can't be read at the moment; trying again and again: {Reason}")]
    private partial void Failed(string tenant, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "It could not be noted that tenant {Tenant} lacks rights at the broker: {Reason}")]
    private partial void RepairFailed(string tenant, string reason);
}
