using IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;
using IoTPlatform.RabbitMq.Amqp;
using RabbitMQ.Client.Exceptions;

namespace IoTPlatform.Provider.Features.Telemetry.Ingest;

/// <summary>Keeps one tenant's session open. Other tenants are not affected.</summary>
internal sealed partial class TenantIngest : IAsyncDisposable
{
    private readonly string _tenantId;
    private readonly AmqpConnections _connections;
    private readonly SemaphoreSlim _connecting;
    private readonly Func<string, CancellationToken, Task> _repair;
    private readonly IngestContext _context;
    private readonly ILogger _log;
    private readonly DeadLetterLog _deadLetters;
    private readonly QueueReader _reader;

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
        _reader = new QueueReader(tenantId, ConnectAsync, context.Time, log) { Opened = SendEarlyCheckpointAsync, Refused = RepairAsync };
        _reader.Start();
    }

    /// <summary>Null: it is not connected now.</summary>
    public TelemetrySession? Session => (TelemetrySession?)_reader.Session;

    /// <summary>If there is a session; else the next one does it.</summary>
    public async Task SendEarlyCheckpointAsync(CancellationToken cancellationToken)
    {
        if (Session is { Ended.IsCompleted: false } session && _context.EarlyCheckpoints.TryRemove(_tenantId, out var progress))
        {
            await session.SendAsync(progress, cancellationToken);
            if (session.Ended.IsCompleted)
            {
                _context.EarlyCheckpoints.TryAdd(_tenantId, progress);
            }
        }
    }

    /// <summary>Returns when nothing more is taken.</summary>
    public Task StopTakingAsync() => _reader.StopTakingAsync();

    /// <summary>Acknowledges what was stored, and closes.</summary>
    public ValueTask DisposeAsync() => _reader.DisposeAsync();

    private async Task<QueueSession> ConnectAsync(CancellationToken stop)
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

    private async Task RepairAsync(Exception failure, CancellationToken stop)
    {
        if (failure is not OperationInterruptedException { ShutdownReason.ReplyCode: AmqpConnections.VhostRefused })
        {
            return;
        }

        try
        {
            await _repair(_tenantId, stop);
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            RepairFailed(_tenantId, e.Message);
        }
        catch (OperationCanceledException)
        {
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "It could not be noted that tenant {Tenant} lacks rights at the broker: {Reason}")]
    private partial void RepairFailed(string tenant, string reason);
}
