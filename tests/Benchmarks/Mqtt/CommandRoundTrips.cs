using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Devices;

namespace IoTPlatform.Benchmarks.Mqtt;

/// <summary>Commands to one device, one after the other: from the call of the tenant's API until the device's answer is committed and acknowledged.</summary>
internal static class CommandRoundTrips
{
    /// <summary>Until the runtime has compiled what a command needs for the second time: a tenth of it left that half done.</summary>
    private const int WarmUp = 2000;

    public static async Task<LoadResult> MeasureAsync(BenchedTenant tenant, int commands, CancellationToken cancellationToken)
    {
        using var admin = await tenant.AdminAsync();
        using var device = await MqttLoadClient.ConnectAsync(tenant.Target, tenant.Target.Clients[0], cancellationToken);
        await device.SubscribeAsync($"devices/{tenant.Target.Clients[0].ClientId}/commands/#", cancellationToken);
        await SendAsync(tenant.Target, admin, device, WarmUp, cancellationToken);
        return await SendAsync(tenant.Target, admin, device, commands, cancellationToken);
    }

    private static Task<LoadResult> SendAsync(MqttTarget target, TenantClient admin, MqttLoadClient device, int commands, CancellationToken cancellationToken) =>
        LoadGenerator.RunAsync(target.Name, "command", target.ProcessId, 1, commands, async (_, _, stop) =>
        {
            var answered = device.AnswerAsync(stop);
            await admin.SendCommandAsync(target.Clients[0].ClientId, new SendCommandRequest { Name = "ping" }, stop);
            await answered;
            return true;
        }, cancellationToken);
}
