using System.Globalization;
using System.Threading.Channels;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Hosting;
using IoTPlatform.RabbitMq.Amqp;
using IoTPlatform.Telemetry;
using IoTPlatform.Telemetry.Ingest;
using IoTPlatform.Tenant.Features.Commands;
using Npgsql;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace IoTPlatform.Tenant.Features.Mqtt.RabbitMq;

/// <summary>
/// One connection that reads what devices publish, and one for what is published. What can be stored goes to the writer that HTTPS uses, too; what can't to <c>devices.dead</c>.
/// It begins with the proof that the broker asks who may publish where.
/// </summary>
internal sealed class DeviceQueueSession : QueueSession, ITelemetrySource
{
    /// <summary>Between two notes of how far everything is acknowledged. Each is made one later: a broker that is killed may have forgotten what it saw last.</summary>
    private static readonly TimeSpan NoteInterval = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan AfterOutage = TimeSpan.FromSeconds(1);

    private readonly DeviceQueueContext _context;
    private readonly TakenMessages _taken = new();
    private readonly Guid _reader = Guid.NewGuid();
    private readonly SemaphoreSlim _claiming = new(1, 1);
    private DateTimeOffset? _claimed;

    private DeviceQueueSession(IConnection connection, IConnection publisher, DeviceQueueContext context)
        : base(connection, DeviceQueue.Name, DeviceQueue.Dead, IngestLimits.Prefetch, context.Time, publisher) => _context = context;

    public Dictionary<string, List<byte[]>> StoredBefore { get; } = new(StringComparer.Ordinal);

    /// <summary>Returns once messages come in. Owns the connections, also when it throws.</summary>
    public static async Task<DeviceQueueSession> StartAsync(IConnection connection, IConnection publisher, DeviceQueueContext context, CancellationToken cancellationToken)
    {
        var session = new DeviceQueueSession(connection, publisher, context);
        await session.StartAsync(cancellationToken);
        _ = session.NoteAsync(session.Closing);
        return session;
    }

    /// <summary>As the session before left it.</summary>
    public async Task<DateTimeOffset> AcknowledgedToAsync(CancellationToken cancellationToken)
    {
        await _claiming.WaitAsync(cancellationToken);
        try
        {
            return _claimed ??= await _context.Frontier.ClaimAsync(_reader, cancellationToken);
        }
        finally
        {
            _claiming.Release();
        }
    }

    /// <summary>True: the broker has the command for the device's session. False: no session of the device has subscribed to it.</summary>
    public async Task<bool> SendAsync(string deviceId, long commandId, ReadOnlyMemory<byte> body, DateTimeOffset expiresAt, CancellationToken cancellationToken)
    {
        var left = Math.Max(1, (long)(expiresAt - Time.GetUtcNow()).TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        var (level, id) = (TelemetryFormat.TopicLevel(deviceId), commandId.ToString(CultureInfo.InvariantCulture));
        return await TrySendAsync($"devices.{level}.commands.{id}", left, body, cancellationToken) || await TrySendAsync($"commands.{level}.{id}", left, body, cancellationToken);
    }

    protected override async Task PrepareAsync(IConnection reading, IConnection publishing, CancellationToken cancellationToken)
    {
        await DeviceQueue.ProveAsync(publishing, Time, cancellationToken);
        await DeviceQueue.EnsureAsync(reading, cancellationToken);
    }

    /// <summary>What fails in a way that nobody thought of is tried twice, and is then a dead letter: it must not keep the others from being read.</summary>
    protected override async Task TakeAsync(ulong tag, bool redelivered, string routingKey, string? type, ReadOnlyMemory<byte> body)
    {
        _taken.Add(tag, redelivered, _context.Intake.Now());
        try
        {
            await TakeAsync(tag, redelivered, routingKey, body);
        }
        catch (Exception e) when (redelivered && e is not (OperationCanceledException or ChannelClosedException))
        {
            _ = RefuseAsync(tag, routingKey, body.ToArray(), TelemetryRefusal.NotStorable);
        }
    }

    protected override void Passed(ulong tag) => _taken.Passed(tag);

    protected override async Task AcknowledgedAsync(TimeSpan limit)
    {
        using var end = new CancellationTokenSource(limit, Time);
        try
        {
            if (_taken.Acknowledged(_context.Intake.Now) is { } last)
            {
                await ConfirmAcknowledgedAsync(end.Token);
                await NoteAsync(last.To, end.Token);
            }
        }
        catch (Exception)
        {
            // The note before stands: the next session compares with more.
        }
    }

    protected override void DeadLettered(string reason)
    {
        _context.Metrics.DeadLettered(_context.TenantId, reason);
        _context.DeadLetters.Add(reason);
    }

    private async Task TakeAsync(ulong tag, bool redelivered, string routingKey, ReadOnlyMemory<byte> body)
    {
        var topic = DeviceTopics.Meant(routingKey.Replace('.', '/'));
        // Its bytes are the client's until this method returns.
        if (CommandTopics.IsResponse(topic))
        {
            _ = SettleAsync(tag, redelivered, routingKey, body.ToArray(), "an answer", (device, payload) => AnswerAsync(device, topic, payload));
        }
        else if (DeviceRequests.IsRequest(topic))
        {
            _ = SettleAsync(tag, redelivered, routingKey, body.ToArray(), "a renewal", RenewAsync);
        }
        else if (await _context.Intake.TakeAsync(_context.TenantId, this, tag, redelivered, topic, body, Closing) is { } refusal)
        {
            _ = RefuseAsync(tag, routingKey, body.ToArray(), refusal);
        }
    }

    /// <summary>The device's id is the second level of each of its topics.</summary>
    private async Task SettleAsync(ulong tag, bool redelivered, string routingKey, byte[] body, string what, Func<string, byte[], Task<string?>> settle)
    {
        try
        {
            var refusal = routingKey.Split('.') is [_, var level, ..] && TelemetryFormat.DeviceOf(level) is { } device ? await settle(device, body) : TelemetryRefusal.Topic;
            if (refusal is null)
            {
                Acknowledge(tag);
            }
            else
            {
                await RefuseAsync(tag, routingKey, body, refusal);
            }
        }
        catch (Exception e) when (redelivered && e is not (OperationCanceledException or ObjectDisposedException))
        {
            await RefuseAsync(tag, routingKey, body, TelemetryRefusal.NotStorable);
        }
        catch (Exception e)
        {
            End($"{what} was not stored: {e.Message}");
        }
    }

    /// <summary>Waits while the database is away, as the writer does.</summary>
    private async Task<string?> AnswerAsync(string device, string topic, byte[] payload)
    {
        while (true)
        {
            try
            {
                var outcome = await _context.Answers.StoreAsync(device, topic, payload, Closing);
                return outcome.IsStored ? null : outcome.Reason;
            }
            catch (Exception e) when (DatabaseOutage.Is(e))
            {
                await Task.Delay(AfterOutage, Time, Closing);
            }
        }
    }

    /// <summary>An answer that is lost is had again by asking again.</summary>
    private async Task<string?> RenewAsync(string device, byte[] payload)
    {
        var answer = await _context.Renewals.AnswerAsync(device, payload, Closing);
        try
        {
            await TrySendAsync($"devices.{TelemetryFormat.TopicLevel(device)}.renew.response", expiration: null, answer, Closing);
        }
        catch (Exception e) when (e is PublishException || (e is OperationCanceledException && !Closing.IsCancellationRequested))
        {
            // The queue of the device's session is full, or the broker takes nothing now.
        }

        return null;
    }

    /// <summary>False: no queue takes it.</summary>
    private async Task<bool> TrySendAsync(string routingKey, string? expiration, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        try
        {
            await PublishAsync(DeviceQueue.Exchange, routingKey, mandatory: true, new BasicProperties { Persistent = true, ContentType = "application/json", Expiration = expiration }, body, cancellationToken);
            return true;
        }
        catch (PublishException e) when (e.IsReturn)
        {
            return false;
        }
    }

    /// <summary>Until this session ends, or another has claimed the queue.</summary>
    private async Task NoteAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(NoteInterval, Time);
        (ulong Tag, DateTimeOffset To)? due = null;
        var noted = 0UL;
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken) && !Ended.IsCompleted)
            {
                if (due is { } last && last.Tag > noted)
                {
                    await ConfirmAcknowledgedAsync(cancellationToken);
                    if (!await TryNoteAsync(last.To, cancellationToken))
                    {
                        continue;
                    }

                    noted = last.Tag;
                }

                due = _taken.Acknowledged(_context.Intake.Now);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            End($"the broker does not answer: {e.Message}");
        }
    }

    /// <summary>False: the database is away. The note before stands.</summary>
    private async Task<bool> TryNoteAsync(DateTimeOffset to, CancellationToken cancellationToken)
    {
        try
        {
            await NoteAsync(to, cancellationToken);
            return true;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException || DatabaseOutage.Is(e))
        {
            return false;
        }
    }

    private async Task NoteAsync(DateTimeOffset to, CancellationToken cancellationToken)
    {
        await AcknowledgedToAsync(cancellationToken);
        await _context.Frontier.MoveAsync(_reader, to, cancellationToken);
    }
}

/// <summary>What all sessions share.</summary>
internal sealed record DeviceQueueContext(
    string TenantId, TelemetryIntake Intake, IngestMetrics Metrics, CommandAnswers Answers, BrokerRenewals Renewals, DeviceQueueFrontier Frontier, DeadLetterLog DeadLetters, TimeProvider Time);
