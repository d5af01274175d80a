using System.Globalization;
using System.Threading.Channels;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Provider.Features.Broker.RabbitMq;
using IoTPlatform.Provider.Features.Commands;
using IoTPlatform.Telemetry;
using IoTPlatform.Telemetry.Ingest;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace IoTPlatform.Provider.Features.Telemetry.Ingest;

/// <summary>
/// One connection that reads one tenant's telemetry. What can be stored goes to the writer, what can't to <c>telemetry.dead</c>;
/// a message is acknowledged when the one or the other is durable. Whatever goes wrong ends the session: the broker then has
/// everything that was not acknowledged, and the next session gets it again.
/// </summary>
internal sealed class TelemetrySession : ITelemetrySource, IAsyncDisposable
{
    private readonly string _tenantId;
    private readonly IConnection _connection;
    private readonly IngestContext _context;
    private readonly DeadLetterLog _log;
    private readonly Channel<ulong> _done = Channel.CreateUnbounded<ulong>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closing = new();
    private readonly QueuedCheckpoints _checkpoints;
    private IChannel _channel = null!;
    private Task _acknowledging = Task.CompletedTask;
    private DateTimeOffset _lastReceived;

    private TelemetrySession(string tenantId, IConnection connection, DeadLetterLog log, IngestContext context)
    {
        _tenantId = tenantId;
        _connection = connection;
        _log = log;
        _context = context;
        _checkpoints = new QueuedCheckpoints((progress, stop) => context.Checkpoints.RecordAsync(tenantId, progress, stop), context.Time);
    }

    public string TenantId => _tenantId;

    public Task<string> Ended => _ended.Task;

    public List<byte[]>? StoredBefore { get; set; }

    /// <summary>Returns once messages come in. Owns the connection, also when it throws.</summary>
    public static async Task<TelemetrySession> StartAsync(string tenantId, IConnection connection, DeadLetterLog log, IngestContext context, CancellationToken cancellationToken)
    {
        var session = new TelemetrySession(tenantId, connection, log, context);
        try
        {
            await session.StartAsync(cancellationToken);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    public void End(string reason) => _ended.TrySetResult(reason);

    /// <summary>Nothing more is taken. What was taken can still be stored and acknowledged.</summary>
    public void StopTaking() => _closing.Cancel();

    /// <summary>Returns when the message has found its place, and so holds back the next while the writer is busy.</summary>
    public async Task TakeAsync(ulong tag, bool redelivered, string routingKey, ReadOnlyMemory<byte> body)
    {
        if (_closing.IsCancellationRequested || _ended.Task.IsCompleted)
        {
            return;
        }

        try
        {
            if (BridgeCommandTopics.IsReport(routingKey.Replace('.', '/')))
            {
                _ = ReportAsync(tag, routingKey, body.ToArray());
            }
            else if (TelemetryParser.TryParse(_tenantId, routingKey, body.Span, Now(), _context.Options, out var message, out var refusal))
            {
                await _context.Queue.WriteAsync(new TelemetryDelivery(this, tag, redelivered, message), _closing.Token);
            }
            else
            {
                // Its bytes are the client's until this method returns.
                _ = RefuseAsync(tag, routingKey, body.ToArray(), refusal);
            }
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            End(e.Message);
        }
    }

    /// <summary>What comes before it counts: what is behind it does not wait for it.</summary>
    public Task TakeCheckpoint(ulong tag, ReadOnlyMemory<byte> body)
    {
        _checkpoints.Add(tag, body.Span);
        Acknowledge(tag);
        return Task.CompletedTask;
    }

    public void Acknowledge(ulong tag) => _done.Writer.TryWrite(tag);

    public async Task RefuseAsync(ulong tag, string routingKey, ReadOnlyMemory<byte> body, string reason)
    {
        try
        {
            using var limit = new CancellationTokenSource(SessionLimits.ConfirmTimeout, _context.Time);
            var properties = new BasicProperties
            {
                Persistent = true,
                ContentType = "application/json",
                Headers = new Dictionary<string, object?>(StringComparer.Ordinal) { ["reason"] = reason },
            };
            // With confirmations tracked, this returns when the broker has it, and throws when no queue took it.
            await _channel.BasicPublishAsync(TelemetryQueue.Dead, routingKey, mandatory: true, properties, body, limit.Token);
            _context.Metrics.DeadLettered(_tenantId, reason);
            _log.Add(reason);
            Acknowledge(tag);
        }
        catch (Exception e)
        {
            End($"a dead letter was not taken: {e.Message}");
        }
    }

    /// <summary>To the tenant's bridge, if it subscribes.</summary>
    public Task SendAsync(string routingKey, ReadOnlyMemory<byte> body, DateTimeOffset expiresAt, CancellationToken cancellationToken)
    {
        var left = expiresAt - _context.Time.GetUtcNow();
        // No longer than until it is sent again: a broker that keeps messages for a session that is away keeps one of each command.
        var kept = left < TenantCommandDelivery.Repetition ? left : TenantCommandDelivery.Repetition;
        var expiration = Math.Max(1, (long)kept.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        return PublishAsync("a command", routingKey, new BasicProperties { Persistent = true, ContentType = "application/json", Expiration = expiration }, body, cancellationToken);
    }

    /// <summary>Into the queue that this session reads.</summary>
    public Task SendAsync(UplinkProgress progress, CancellationToken cancellationToken) => PublishAsync(
        "a checkpoint", QueuedCheckpoints.RoutingKey, new BasicProperties { Persistent = true, ContentType = "application/json", Type = QueuedCheckpoints.MessageType },
        QueuedCheckpoints.Pack(progress), cancellationToken);

    private async Task PublishAsync(string what, string routingKey, BasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(SessionLimits.ConfirmTimeout);
            await _channel.BasicPublishAsync(BridgeRights.Exchange, routingKey, mandatory: false, properties, body, limit.Token);
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
            if (await _context.Reports.StoreAsync(_tenantId, routingKey.Replace('.', '/'), body, _closing.Token) is { } refusal)
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

    /// <summary>Sends the acknowledgements that are due, then closes.</summary>
    public async ValueTask DisposeAsync()
    {
        End("closed");
        await _closing.CancelAsync();
        _done.Writer.TryComplete();
        // A broker that is out of memory or disk reads nothing any more.
        await _acknowledging.WaitAsync(IngestLimits.DrainTimeout, _context.Time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_connection.IsOpen)
        {
            await _connection.CloseAsync(Constants.ReplySuccess, "done", IngestLimits.DrainTimeout, abort: true, CancellationToken.None);
        }

        await _connection.DisposeAsync();
        _closing.Dispose();
    }

    private async Task StartAsync(CancellationToken cancellationToken)
    {
        _connection.ConnectionShutdownAsync += OnShutdownAsync;
        _channel = await _connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null), cancellationToken);
        _channel.ChannelShutdownAsync += OnShutdownAsync;
        await _channel.BasicQosAsync(prefetchSize: 0, IngestLimits.Prefetch, global: false, cancellationToken);
        _acknowledging = Task.Run(AcknowledgeAsync, CancellationToken.None);
        await _channel.BasicConsumeAsync(TelemetryQueue.Name, autoAck: false, new TelemetryConsumer(_channel, this), cancellationToken);
    }

    private Task OnShutdownAsync(object sender, ShutdownEventArgs reason)
    {
        End(reason.ReplyText);
        return Task.CompletedTask;
    }

    private async Task AcknowledgeAsync()
    {
        var frontier = new AckFrontier();
        try
        {
            while (await _done.Reader.WaitToReadAsync(CancellationToken.None))
            {
                var before = frontier.Tag;
                while (_done.Reader.TryRead(out var tag))
                {
                    frontier.Done(tag);
                }

                if (frontier.Tag > before)
                {
                    await _channel.BasicAckAsync(frontier.Tag, multiple: true, CancellationToken.None);
                    _checkpoints.Passed(frontier.Tag, _closing.Token);
                }
            }
        }
        catch (Exception e) when (e is AlreadyClosedException or OperationInterruptedException or IOException or ObjectDisposedException or ChannelClosedException)
        {
            // Acknowledged too late: the broker gives it out again, and it is recognised.
            End(e.Message);
        }
    }

    /// <summary>In whole microseconds and never twice the same, so that messages without a timestamp stay apart.</summary>
    private DateTimeOffset Now()
    {
        var now = TelemetryParser.ToMicroseconds(_context.Time.GetUtcNow());
        return _lastReceived = now > _lastReceived ? now : _lastReceived.AddMicroseconds(1);
    }
}

/// <summary>
/// Delivery tags count up from 1, and one acknowledgement may stand for all up to a tag. This says up to which: messages are done with
/// in another order than they came, when some of them become dead letters.
/// </summary>
internal sealed class AckFrontier
{
    private readonly HashSet<ulong> _ahead = [];

    /// <summary>Everything up to here is done with.</summary>
    public ulong Tag { get; private set; }

    public void Done(ulong tag)
    {
        _ahead.Add(tag);
        while (_ahead.Remove(Tag + 1))
        {
            Tag++;
        }
    }
}
