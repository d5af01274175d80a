using IoTPlatform.Database;
using IoTPlatform.Tenant.Features.Mqtt;
using IoTPlatform.Tenant.Features.Mqtt.RabbitMq;
using Npgsql;

namespace IoTPlatform.Tenant.Features.Commands;

/// <summary>
/// Sends commands to devices at the tenant's RabbitMQ. One that the broker has for the device's session is delivered; one for which it has no session waits, and
/// is tried again while the device is connected. At least once: a process that is killed in between has not recorded it.
/// </summary>
internal sealed partial class BrokerCommandDelivery(
    CommandWakeups wakeups, QueuedCommands queued, DeviceIngest broker, BrokerOptions options, NpgsqlDataSource database, ILogger<BrokerCommandDelivery> log) : BackgroundService
{
    /// <summary>"iot-comm" in ASCII: one process at a time, so that no two send the same.</summary>
    private const long Turn = 0x696f742d636f6d6d;

    private const int DevicesAtOnce = 100;
    private const int PublishedAtOnce = 16;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestTurn = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            var devices = await wakeups.TakeAsync(DevicesAtOnce, stoppingToken);
            try
            {
                await DeliverAsync(devices, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Failed(e.Message);
                wakeups.Add(devices);
                await Task.Delay(Retry, TimeProvider.System, stoppingToken);
            }
        }
    }

    private async Task DeliverAsync(string[] devices, CancellationToken cancellationToken)
    {
        // Without a session the commands wait: they are looked for again every few seconds.
        if (broker.Session is not { Ended.IsCompleted: false } session)
        {
            return;
        }

        await using var turn = await AdvisoryLock.TryAcquireAsync(database, Turn, LongestTurn, cancellationToken) ?? throw new TimeoutException("another process is sending");
        var commands = await queued.ReadAsync(await queued.WaitingAsync(devices, options.Management is not null, cancellationToken), cancellationToken);
        await Parallel.ForEachAsync(commands.GroupBy(c => c.DeviceId), new ParallelOptions { MaxDegreeOfParallelism = PublishedAtOnce, CancellationToken = cancellationToken }, async (ofDevice, stop) =>
        {
            // In the order in which they were sent.
            foreach (var command in ofDevice)
            {
                if (!await session.SendAsync(command.DeviceId, command.Id, CommandBody.Of(command), command.ExpiresAt, stop))
                {
                    return;
                }

                await queued.DeliveredAsync(command, stop);
                if (command.MayHaveMore)
                {
                    wakeups.Add([command.DeviceId]);
                }
            }
        });
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Commands can't be sent to the broker now; trying again and again: {Reason}")]
    private partial void Failed(string reason);
}

/// <summary>Devices that came, and commands that could not be sent: looked for every few seconds, where they are many by turns.</summary>
internal sealed partial class WaitingCommands(CommandWakeups wakeups, QueuedCommands queued, BrokerOptions options, TimeProvider time, ILogger<WaitingCommands> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        var last = "";
        do
        {
            try
            {
                var devices = await queued.WaitingAsync(last, options.Management is not null, stoppingToken);
                wakeups.Add(devices);
                // From the beginning again when all had their turn.
                last = devices.Length == QueuedCommands.MostDevices ? devices[^1] : "";
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Failed(e.Message);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The commands that wait could not be looked up: {Reason}")]
    private partial void Failed(string reason);
}

/// <summary>Wakes the processes, whichever has stored the command.</summary>
internal sealed class BrokerCommandNotices(NpgsqlDataSource database, CommandWakeups wakeups, ILogger<BrokerCommandNotices> log) : DatabaseNotices(database, DeviceCommands.Channel, "Commands", log)
{
    /// <summary>What was missed is looked for every few seconds.</summary>
    protected override Task CatchUpAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override Task NoticedAsync(string payload, CancellationToken cancellationToken)
    {
        wakeups.Add([payload]);
        return Task.CompletedTask;
    }
}
