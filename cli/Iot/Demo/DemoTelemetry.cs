using System.Globalization;
using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Telemetry;

namespace IoTPlatform.Iot;

/// <summary>A reading over a tenant's bridge, with a foreign MQTT client and the bridge's own key, until the provider has stored it.</summary>
internal sealed class DemoTelemetry(DemoRabbitMq broker, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    public async Task<TelemetryRecord> SendAsync(DemoTenant tenant, string deviceId, ProviderClient admin, CancellationToken cancellationToken)
    {
        await PublishAsync(tenant, deviceId, cancellationToken).ConfigureAwait(false);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            while (true)
            {
                var stored = await admin.ListTelemetryAsync(tenant.Id, deviceId, cancellationToken: limit.Token).ConfigureAwait(false);
                if (stored.Items is [var record, ..])
                    return record;
                await Task.Delay(Pause, time, limit.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw CliException.Failed("demo_failed", $"the broker acknowledged a reading of {deviceId}, and after {Patience.TotalSeconds:0} s the provider has not stored it");
        }
    }

    private async Task PublishAsync(DemoTenant tenant, string deviceId, CancellationToken cancellationToken)
    {
        var client = ProgramPath.Find("mosquitto_pub") ?? throw CliException.Failed("no_mosquitto", "mosquitto_pub is not installed; install it (Debian: apt-get install mosquitto-clients)");
        var bundle = Path.Combine(tenant.Host.Data, "join-bundle");
        var payload = JsonSerializer.Serialize(new { celsius = 21.5, timestamp = time.GetUtcNow().UtcDateTime.ToString("O", CultureInfo.InvariantCulture) });
        var published = await ToolRun.RunAsync(
            client,
            [
                "-h", broker.MqttUrl.Host, "-p", broker.MqttUrl.Port.ToString(CultureInfo.InvariantCulture), "--cafile", Path.Combine(bundle, "root_ca.crt"),
                "--cert", Path.Combine(bundle, "mqtt-bridge-chain.crt"), "--key", Path.Combine(bundle, "mqtt-bridge.key"), "-i", $"{tenant.Id}.demo", "-q", "1",
                "-t", $"{TelemetryFormat.TopicPrefix}{TelemetryFormat.TopicLevel(deviceId)}/temperature", "-m", payload,
            ],
            cancellationToken).ConfigureAwait(false);
        Expect.That(published.ExitCode == 0, $"the broker did not take a reading over the bridge of {tenant.Id}: {published.Error}");
    }
}
