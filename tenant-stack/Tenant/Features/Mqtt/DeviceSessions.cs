using IoTPlatform.Mqtt;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Features.Mqtt;

/// <summary>The devices that are connected to this process.</summary>
internal interface IDeviceSessions
{
    /// <summary>Ends the connections of all of them; who comes again is let in, and looks whether its Sub-CA is revoked.</summary>
    Task EndAllAsync(string reason);
}

internal sealed class EmbeddedDeviceSessions(MqttSessions sessions) : IDeviceSessions
{
    /// <summary>So that not all of them shake hands in the same instant.</summary>
    private const int AtOnce = 50;
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(250);

    public async Task EndAllAsync(string reason)
    {
        foreach (var some in sessions.Connected.Chunk(AtOnce))
        {
            await Task.WhenAll(some.Select(device => sessions.CloseAsync(device, MqttDisconnectReasonCode.AdministrativeAction, reason)));
            await Task.Delay(Between);
        }
    }
}

/// <summary>Devices at a RabbitMQ look by themselves every hour.</summary>
internal sealed class NoDeviceSessions : IDeviceSessions
{
    public Task EndAllAsync(string reason) => Task.CompletedTask;
}
