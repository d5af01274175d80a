using System.Threading.Channels;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace IoTPlatform.RabbitMq.Amqp;

/// <summary>
/// One connection that reads one queue. A message is acknowledged when what becomes of it is durable: it is stored, or among the dead letters.
/// Whatever goes wrong ends the session: the broker then has everything that was not acknowledged, and the next session gets it again.
/// </summary>
/// <param name="connection">Is owned, from <see cref="StartAsync"/> on.</param>
/// <param name="queue">What is read.</param>
/// <param name="deadLetters">The exchange that leads to what can't be stored.</param>
/// <param name="prefetch">Messages that are neither acknowledged nor at the broker.</param>
/// <param name="time">For time-outs.</param>
/// <param name="publisher">
/// What is published goes over it; is owned like the other. A broker that is short of memory or disk reads nothing any more from a connection that publishes, its
/// acknowledgements neither. Null: it is one connection for both.
/// </param>
public abstract class QueueSession(IConnection connection, string queue, string deadLetters, ushort prefetch, TimeProvider time, IConnection? publisher = null) : IAsyncDisposable
{
    private static readonly CreateChannelOptions Confirming = new(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null);

    /// <summary>For the broker's confirmation.</summary>
    private static readonly TimeSpan ConfirmTimeout = TimeSpan.FromSeconds(30);

    /// <summary>For what is under way when a session ends.</summary>
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(5);

    private readonly Channel<ulong> _done = Channel.CreateUnbounded<ulong>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closing = new();
    private IChannel? _channel;
    private IChannel? _publishing;
    private Task _acknowledging = Task.CompletedTask;

    /// <summary>Why; never fails.</summary>
    public Task<string> Ended => _ended.Task;

    protected CancellationToken Closing => _closing.Token;

    protected TimeProvider Time => time;

    public void End(string reason) => _ended.TrySetResult(reason);

    /// <summary>Nothing more is taken. What was taken can still be stored and acknowledged.</summary>
    public void StopTaking() => _closing.Cancel();

    public void Acknowledge(ulong tag) => _done.Writer.TryWrite(tag);

    /// <summary>To the dead letters, and acknowledged when the broker has confirmed that they have it.</summary>
    public async Task RefuseAsync(ulong tag, string routingKey, ReadOnlyMemory<byte> body, string reason)
    {
        try
        {
            using var limit = new CancellationTokenSource(ConfirmTimeout, time);
            var properties = new BasicProperties
            {
                Persistent = true,
                ContentType = "application/json",
                Headers = new Dictionary<string, object?>(StringComparer.Ordinal) { ["reason"] = reason },
            };
            // With confirmations tracked, this returns when the broker has it, and throws when no queue took it.
            await _publishing!.BasicPublishAsync(deadLetters, routingKey, mandatory: true, properties, body, limit.Token);
            DeadLettered(reason);
            Acknowledge(tag);
        }
        catch (Exception e)
        {
            End($"a dead letter was not taken: {e.Message}");
        }
    }

    /// <summary>Sends the acknowledgements that are due, then closes.</summary>
    public async ValueTask DisposeAsync()
    {
        End("closed");
        await _closing.CancelAsync();
        _done.Writer.TryComplete();
        // A broker that is out of memory or disk reads nothing any more.
        await _acknowledging.WaitAsync(DrainTimeout, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (connection.IsOpen && _acknowledging.IsCompletedSuccessfully)
        {
            await AcknowledgedAsync(DrainTimeout);
        }

        await CloseAsync(connection);
        if (publisher is not null)
        {
            await CloseAsync(publisher);
        }

        _closing.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Returns once messages come in.</summary>
    protected async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            connection.ConnectionShutdownAsync += OnShutdownAsync;
            _channel = await connection.CreateChannelAsync(publisher is null ? Confirming : null, cancellationToken);
            _channel.ChannelShutdownAsync += OnShutdownAsync;
            _publishing = _channel;
            if (publisher is not null)
            {
                publisher.ConnectionShutdownAsync += OnShutdownAsync;
                _publishing = await publisher.CreateChannelAsync(Confirming, cancellationToken);
                _publishing.ChannelShutdownAsync += OnShutdownAsync;
            }

            await PrepareAsync(connection, publisher ?? connection, cancellationToken);
            await _channel.BasicQosAsync(prefetchSize: 0, prefetch, global: false, cancellationToken);
            _acknowledging = Task.Run(AcknowledgeAsync, CancellationToken.None);
            await _channel.BasicConsumeAsync(queue, autoAck: false, new Consumer(_channel, this), cancellationToken);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes what is read and written to, where the broker has it not.</summary>
    /// <param name="reading">Is open.</param>
    /// <param name="publishing">Is open; it may be the same.</param>
    /// <param name="cancellationToken">Gives up.</param>
    protected virtual Task PrepareAsync(IConnection reading, IConnection publishing, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Before the connection is closed in order: nothing more is acknowledged. Doesn't throw.</summary>
    protected virtual Task AcknowledgedAsync(TimeSpan limit) => Task.CompletedTask;

    /// <summary>Returns when the broker has seen all acknowledgements that were sent before.</summary>
    protected async Task ConfirmAcknowledgedAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ConfirmTimeout);
        // A channel is worked off in order, and this one is answered.
        await _channel!.QueueDeclarePassiveAsync(queue, limit.Token);
    }

    /// <summary>Returns when the message has found its place, and so holds back the next one; its body is the client's until then. An exception ends the session.</summary>
    protected abstract Task TakeAsync(ulong tag, bool redelivered, string routingKey, string? type, ReadOnlyMemory<byte> body);

    /// <summary>Everything up to this tag is acknowledged.</summary>
    protected virtual void Passed(ulong tag)
    {
    }

    /// <summary>One message more is among the dead letters.</summary>
    protected abstract void DeadLettered(string reason);

    /// <summary>Returns when the broker has it. Throws PublishException where it refuses, or with <paramref name="mandatory"/> has no queue for it.</summary>
    protected async Task PublishAsync(string exchange, string routingKey, bool mandatory, BasicProperties properties, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ConfirmTimeout);
        await _publishing!.BasicPublishAsync(exchange, routingKey, mandatory, properties, body, limit.Token);
    }

    private async Task ReceiveAsync(ulong tag, bool redelivered, string routingKey, string? type, ReadOnlyMemory<byte> body)
    {
        if (_closing.IsCancellationRequested || _ended.Task.IsCompleted)
        {
            return;
        }

        try
        {
            await TakeAsync(tag, redelivered, routingKey, type, body);
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            End(e.Message);
        }
    }

    private static async Task CloseAsync(IConnection open)
    {
        if (open.IsOpen)
        {
            await open.CloseAsync(Constants.ReplySuccess, "done", DrainTimeout, abort: true, CancellationToken.None);
        }

        await open.DisposeAsync();
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
                    await _channel!.BasicAckAsync(frontier.Tag, multiple: true, CancellationToken.None);
                    Passed(frontier.Tag);
                }
            }
        }
        catch (Exception e) when (e is AlreadyClosedException or OperationInterruptedException or IOException or ObjectDisposedException or ChannelClosedException)
        {
            // Acknowledged too late: the broker gives it out again, and it is recognised.
            End(e.Message);
        }
    }

    /// <summary>Hands what arrives to its session, in order; the next message waits until this one was taken.</summary>
    private sealed class Consumer(IChannel channel, QueueSession session) : AsyncDefaultBasicConsumer(channel)
    {
        public override Task HandleBasicDeliverAsync(
            string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey, IReadOnlyBasicProperties properties, ReadOnlyMemory<byte> body,
            CancellationToken cancellationToken = default) => session.ReceiveAsync(deliveryTag, redelivered, routingKey, properties.Type, body);

        /// <summary>The broker cancels a consumer whose queue is gone.</summary>
        public override Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default)
        {
            session.End("the queue is gone");
            return Task.CompletedTask;
        }
    }
}
