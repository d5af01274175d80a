using IoTPlatform.Mqtt;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>The devices that are connected to this process.</summary>
internal interface IDeviceSessions
{
    /// <summary>Ends the connections of all of them, in the background; who comes again is let in, and looks whether its Sub-CA is revoked.</summary>
    void EndAll(string reason);
}

/// <summary>As fast as they come again: a fleet that shakes hands all at once gets no further than a machine's time-outs, and comes back after its backoffs.</summary>
internal sealed partial class EmbeddedDeviceSessions(MqttSessions sessions, IHostApplicationLifetime host, TimeProvider time, ILogger<EmbeddedDeviceSessions> log) : IDeviceSessions
{
    private const int OnTheirWay = 100;
    private static readonly TimeSpan LongestWay = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    public void EndAll(string reason) => _ = EndAllAsync(reason, host.ApplicationStopping);

    internal async Task EndAllAsync(string reason, CancellationToken cancellationToken)
    {
        try
        {
            await Parallel.ForEachAsync(sessions.Connected, new ParallelOptions { MaxDegreeOfParallelism = OnTheirWay, CancellationToken = cancellationToken }, async (device, stop) =>
            {
                await sessions.CloseAsync(device, MqttDisconnectReasonCode.AdministrativeAction, reason);
                await UntilAsync(connected: false, device, LongestEnd, stop);
                await UntilAsync(connected: true, device, LongestWay, stop);
            });
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            NotEnded(e);
        }
        catch (OperationCanceledException)
        {
            // The host ends, and with it every session.
        }
    }

    private async Task UntilAsync(bool connected, string device, TimeSpan longest, CancellationToken cancellationToken)
    {
        for (var start = time.GetTimestamp(); sessions.IsConnected(device) != connected && time.GetElapsedTime(start) < longest;)
        {
            await Task.Delay(Look, time, cancellationToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Not every session of a device could be ended; those devices look at the list of revoked Sub-CAs within an hour")]
    private partial void NotEnded(Exception e);
}

/// <summary>Devices at a RabbitMQ look by themselves every hour.</summary>
internal sealed class NoDeviceSessions : IDeviceSessions
{
    public void EndAll(string reason)
    {
    }
}
