using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using IoTPlatform.Mqtt;

namespace IoTPlatform.Tenant.Features.Commands;

/// <summary>
/// Sends commands to the devices that are connected to this process, and records which of them were acknowledged. One that was not is sent again to
/// the device's next connection: at least once.
/// </summary>
internal sealed partial class CommandDelivery(CommandWakeups wakeups, QueuedCommands queued, MqttSessions sessions, ILogger<CommandDelivery> log) : BackgroundService
{
    private const int DevicesAtOnce = 100;
    private const int RecordsAtOnce = 8;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim _places = new(RecordsAtOnce, RecordsAtOnce);

    /// <summary>With whether it was asked for again meanwhile.</summary>
    private readonly ConcurrentDictionary<long, bool> _underWay = [];

    /// <summary>No longer queued since the last read began: what that read says of them may be old.</summary>
    private readonly ConcurrentDictionary<long, bool> _recorded = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            var devices = await wakeups.TakeAsync(DevicesAtOnce, stoppingToken);
            try
            {
                _recorded.Clear();
                foreach (var command in await queued.ReadAsync([.. devices.Where(sessions.IsConnected)], stoppingToken))
                {
                    Start(command, stoppingToken);
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Failed(e.Message);
                wakeups.Add(devices);
                await Task.Delay(Retry, TimeProvider.System, stoppingToken);
            }
        }
    }

    private void Start(QueuedCommand command, CancellationToken stop)
    {
        if (!_underWay.TryAdd(command.Id, false))
        {
            _underWay.TryUpdate(command.Id, true, false);
        }
        else if (_recorded.ContainsKey(command.Id))
        {
            _underWay.TryRemove(command.Id, out _);
        }
        else
        {
            _ = DeliverAsync(command, stop);
        }
    }

    private async Task DeliverAsync(QueuedCommand command, CancellationToken stop)
    {
        var again = false;
        try
        {
            switch (await sessions.SendAsync(command.DeviceId, Message(command), stop))
            {
                case DeliveryOutcome.Delivered:
                    await RecordAsync(() => queued.DeliveredAsync(command, stop), stop);
                    _recorded[command.Id] = true;
                    again = command.MayHaveMore;
                    break;
                case DeliveryOutcome.Refused:
                    await RecordAsync(() => queued.RefusedAsync(command, "the device refused it", stop), stop);
                    _recorded[command.Id] = true;
                    again = command.MayHaveMore;
                    break;
                case DeliveryOutcome.TooLong:
                    await RecordAsync(() => queued.RefusedAsync(command, "it is longer than the device accepts", stop), stop);
                    _recorded[command.Id] = true;
                    again = command.MayHaveMore;
                    break;
                case DeliveryOutcome.QueueFull:
                    await Task.Delay(Retry, TimeProvider.System, stop);
                    again = true;
                    break;
                case DeliveryOutcome.Expired:
                    again = command.MayHaveMore;
                    break;
                default:
                    // It waits for the device to come back, or to subscribe.
                    break;
            }
        }
        catch (Exception e)
        {
            if (!stop.IsCancellationRequested)
            {
                Failed(e.Message);
                await Task.Delay(Retry, TimeProvider.System, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                again = true;
            }
        }
        finally
        {
            if ((_underWay.TryRemove(command.Id, out var askedAgain) && askedAgain) || again)
            {
                wakeups.Add([command.DeviceId]);
            }
        }
    }

    /// <summary>Acknowledgements come all at once; the database's connections are for others, too.</summary>
    private async Task RecordAsync(Func<Task> record, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            await record();
        }
        finally
        {
            _places.Release();
        }
    }

    private static OutboundMessage Message(QueuedCommand command) => new()
    {
        Topic = CommandTopics.Request(command.DeviceId, command.Id),
        Payload = CommandBody.Of(command),
        ContentType = "application/json",
        ResponseTopic = CommandTopics.ResponseOf(command.DeviceId, command.Id),
        CorrelationData = Encoding.ASCII.GetBytes(command.Id.ToString(CultureInfo.InvariantCulture)),
        ExpiresAt = command.ExpiresAt,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Commands can't be delivered now; trying again and again: {Reason}")]
    private partial void Failed(string reason);
}
