using System.Globalization;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Provider.Features.Broker.RabbitMq;
using IoTPlatform.Provider.Features.Commands;
using IoTPlatform.RabbitMq.Amqp;
using IoTPlatform.Telemetry;
using IoTPlatform.Telemetry.Ingest;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace IoTPlatform.Provider.Features.Telemetry.Ingest;

/// <summary>
/// One connection that reads one tenant's telemetry. What can be stored goes to the writer, what can't to <c>telemetry.dead</c>;
/// a message is acknowledged when the one or the other is durable.
/// </summary>
internal sealed class TelemetrySession : QueueSession, ITelemetrySource
{
    private readonly string _tenantId;
    private readonly IngestContext _context;
    private readonly DeadLetterLog _log;
    private readonly QueuedCheckpoints _checkpoints;
    private DateTimeOffset _lastReceived;

    private TelemetrySession(string tenantId, IConnection connection, DeadLetterLog log, IngestContext context)
        : base(connection, TelemetryQueue.Name, TelemetryQueue.Dead, IngestLimits.Prefetch, context.Time)
    {
        _tenantId = tenantId;
        _log = log;
        _context = context;
        _checkpoints = new QueuedCheckpoints((progress, stop) => context.Checkpoints.RecordAsync(tenantId, progress, stop), context.Time);
    }

    public Dictionary<string, List<byte[]>> StoredBefore { get; } = new(StringComparer.Ordinal);

    /// <summary>Returns once messages come in. Owns the connection, also when it throws.</summary>
    public static async Task<TelemetrySession> StartAsync(string tenantId, IConnection connection, DeadLetterLog log, IngestContext context, CancellationToken cancellationToken)
    {
        var session = new TelemetrySession(tenantId, connection, log, context);
        await session.StartAsync(cancellationToken);
        return session;
    }

    /// <summary>To the tenant's bridge, if it subscribes.</summary>
    public Task SendAsync(string routingKey, ReadOnlyMemory<byte> body, DateTimeOffset expiresAt, CancellationToken cancellationToken)
    {
        var left = expiresAt - Time.GetUtcNow();
        // No longer than until it is sent again: a broker that keeps messages for a session that is away keeps one of each command.
        var kept = left < TenantCommandDelivery.Repetition ? left : TenantCommandDelivery.Repetition;
        var expiration = Math.Max(1, (long)kept.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        return PublishAsync("a command", routingKey, new BasicProperties { Persistent = true, ContentType = "application/json", Expiration = expiration }, body, cancellationToken);
    }

    /// <summary>Into the queue that this session reads.</summary>
    public Task SendAsync(UplinkProgress progress, CancellationToken cancellationToken) => PublishAsync(
        "a checkpoint", QueuedCheckpoints.RoutingKey, new BasicProperties { Persistent = true, ContentType = "application/json", Type = QueuedCheckpoints.MessageType },
        QueuedCheckpoints.Pack(progress), cancellationToken);

    protected override async Task TakeAsync(ulong tag, bool redelivered, string routingKey, string? type, ReadOnlyMemory<byte> body)
    {
        if (type == QueuedCheckpoints.MessageType)
        {
            // What comes before it counts: what is behind it does not wait for it.
            _checkpoints.Add(tag, body.Span);
            Acknowledge(tag);
        }
        else if (BridgeCommandTopics.IsReport(routingKey.Replace('.', '/')))
        {
            _ = ReportAsync(tag, routingKey, body.ToArray());
        }
        else if (TelemetryParser.TryParse(_tenantId, routingKey, body.Span, Now(), _context.Options, out var message, out var refusal))
        {
            await _context.Queue.WriteAsync(new TelemetryDelivery(this, tag, redelivered, message), Closing);
        }
        else
        {
            // Its bytes are the client's until this method returns.
            _ = RefuseAsync(tag, routingKey, body.ToArray(), refusal);
        }
    }

    protected override void Passed(ulong tag) => _checkpoints.Passed(tag, Closing);

    protected override void DeadLettered(string reason)
    {
        _context.Metrics.DeadLettered(_tenantId, reason);
        _log.Add(reason);
    }

    private async Task PublishAsync(string what, string routingKey, BasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        try
        {
            await PublishAsync(BridgeRights.Exchange, routingKey, mandatory: false, properties, body, cancellationToken);
        }
        catch (PublishException) when (properties.Type == QueuedCheckpoints.MessageType)
        {
            // The queue is full: what waits in it matters more, and the next one is five minutes away.
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            End($"{what} was not taken: {e.Message}");
        }
    }

    private async Task ReportAsync(ulong tag, string routingKey, ReadOnlyMemory<byte> body)
    {
        try
        {
            if (await _context.Reports.StoreAsync(_tenantId, routingKey.Replace('.', '/'), body, Closing) is { } refusal)
            {
                await RefuseAsync(tag, routingKey, body, refusal);
            }
            else
            {
                Acknowledge(tag);
            }
        }
        catch (Exception e)
        {
            End($"a report was not stored: {e.Message}");
        }
    }

    /// <summary>In whole microseconds and never twice the same, so that messages without a timestamp stay apart.</summary>
    private DateTimeOffset Now()
    {
        var now = TelemetryParser.ToMicroseconds(Time.GetUtcNow());
        return _lastReceived = now > _lastReceived ? now : _lastReceived.AddMicroseconds(1);
    }
}
