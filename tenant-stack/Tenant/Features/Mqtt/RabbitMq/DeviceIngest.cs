using IoTPlatform.Hosting;
using IoTPlatform.RabbitMq.Amqp;
using IoTPlatform.Telemetry.Ingest;
using IoTPlatform.Tenant.Features.Commands;
using RabbitMQ.Client;

namespace IoTPlatform.Tenant.Features.Mqtt.RabbitMq;

/// <summary>Reads what devices publish to the tenant's RabbitMQ into the database: of several processes one, and another when that is gone.</summary>
internal sealed partial class DeviceIngest : IHostedService, IReadinessCheck, IAsyncDisposable
{
    private readonly QueueReader _reader;

    private readonly ILogger _log;
    private readonly IHostApplicationLifetime _host;
    private bool _saidThatNoneIsLetIn;

    public DeviceIngest(
        DeviceAccess access, AmqpEndpoint broker, DeviceQueueState queue, TelemetryIntake intake, IngestMetrics metrics, CommandAnswers answers, BrokerRenewals renewals, DeviceQueueFrontier frontier,
        TimeProvider time, IHostApplicationLifetime host, ILogger<DeviceIngest> log)
    {
        _log = log;
        _host = host;
        var context = new DeviceQueueContext(access.Namespace, intake, metrics, answers, renewals, frontier, new DeadLetterLog(access.Namespace, time, log), time);
        _reader = new QueueReader(access.Namespace, stop => OpenAsync(broker, context, stop), time, log)
        {
            Opened = _ =>
            {
                queue.IsReady = true;
                _saidThatNoneIsLetIn = false;
                return Task.CompletedTask;
            },
            // The queue may be what is gone.
            Closed = () => queue.IsReady = false,
            Refused = (failure, _) =>
            {
                if (failure is BrokerOpenException)
                {
                    Open(failure.Message);
                }
                else if (!_saidThatNoneIsLetIn)
                {
                    _saidThatNoneIsLetIn = true;
                    NoneIsLetIn(failure.GetBaseException().Message);
                }

                return Task.CompletedTask;
            },
        };
    }

    /// <summary>Null: it is not connected now.</summary>
    public DeviceQueueSession? Session => (DeviceQueueSession?)_reader.Session;

    public string Name => "broker";

    public string State => _reader switch { { Failure: BrokerOpenException } => "open", { Failure: not null } => "away", { Session: { Ended.IsCompleted: false } } => "ok", _ => "unknown" };

    public ProblemException? Problem => _reader.Failure is BrokerOpenException
        ? new ProblemException(StatusCodes.Status503ServiceUnavailable, "broker_open", "The broker lets devices publish without asking this tenant.", TimeSpan.FromSeconds(15))
        : null;

    /// <summary>Once this host answers: the broker asks it about its own login.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _host.ApplicationStarted.Register(_reader.Start);
        return Task.CompletedTask;
    }

    /// <summary>What was taken is stored by the writer, which stops after this, and acknowledged when this is disposed.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => _reader.StopTakingAsync();

    public ValueTask DisposeAsync() => _reader.DisposeAsync();

    private static async Task<QueueSession> OpenAsync(AmqpEndpoint broker, DeviceQueueContext context, CancellationToken stop)
    {
        var reading = await broker.ConnectAsync(context.TenantId, "iot-devices", stop);
        IConnection publishing;
        try
        {
            publishing = await broker.ConnectAsync(context.TenantId, "iot-devices-publish", stop);
        }
        catch
        {
            await reading.DisposeAsync();
            throw;
        }

        return await DeviceQueueSession.StartAsync(reading, publishing, context, stop);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "No device is let in by the devices' broker until this tenant can read there with its certificate, over AMQP: {Reason}")]
    private partial void NoneIsLetIn(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Nothing is read from the devices' broker: {Reason}")]
    private partial void Open(string reason);
}

/// <summary>Whether what devices publish is kept for the tenant. Before that a RabbitMQ acknowledges a message that it has no queue for, and forgets it.</summary>
internal sealed class DeviceQueueState
{
    /// <summary>The queue was seen to be there, and the broker to ask about topics.</summary>
    public bool IsReady { get; set; }
}
