using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Telemetry;

namespace IoTPlatform.Iot;

/// <summary>A reading from a device to its tenant, and over the tenant's own bridge to the provider.</summary>
internal sealed class DemoTelemetry(DemoDevices devices, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>As the provider stored it, and how long after the tenant's acknowledgement it was found there.</summary>
    public async Task<(TelemetryRecord Stored, TimeSpan After)> SendAsync(DemoTenant tenant, DemoDevice device, ProviderClient admin, CancellationToken cancellationToken)
    {
        using (var client = devices.Connect(tenant, device))
        {
            await client.PublishTelemetryAsync(device.DeviceId, JsonSerializer.SerializeToElement(new { celsius = 21.5, timestamp = time.GetUtcNow() }), cancellationToken);
        }

        var acknowledged = time.GetTimestamp();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            while (true)
            {
                var stored = await admin.ListTelemetryAsync(tenant.Id, device.DeviceId, cancellationToken: limit.Token);
                if (stored.Items is [var record, ..])
                {
                    return (record, time.GetElapsedTime(acknowledged));
                }

                await Task.Delay(PollInterval, time, limit.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            var uplink = await tenant.Admin.GetUplinkAsync(cancellationToken);
            throw CliException.Failed("demo_failed", $"{tenant.Id} acknowledged a reading of {device.DeviceId}, and after {Patience.TotalSeconds:0} s the provider has not stored it; the bridge is {uplink.State}: {uplink.Reason}");
        }
    }
}
