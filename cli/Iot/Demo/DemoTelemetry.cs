using System.Globalization;
using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Telemetry;

namespace IoTPlatform.Iot;

/// <summary>What a tenant's bridge does, with a foreign MQTT client and the bridge's own key: a reading, until the provider has stored it, and what must be refused.</summary>
internal sealed class DemoTelemetry(DemoRabbitMq broker, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    public async Task<TelemetryRecord> SendAsync(DemoTenant tenant, string deviceId, ProviderClient admin, CancellationToken cancellationToken)
    {
        await PublishAsync(tenant, deviceId, cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            while (true)
            {
                var stored = await admin.ListTelemetryAsync(tenant.Id, deviceId, cancellationToken: limit.Token);
                if (stored.Items is [var record, ..])
                {
                    return record;
                }

                await Task.Delay(PollInterval, time, limit.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw CliException.Failed("demo_failed", $"the broker acknowledged a reading of {deviceId}, and after {Patience.TotalSeconds:0} s the provider has not stored it");
        }
    }

    /// <summary>Answers the client id under which the attacker was refused, with its own good certificate.</summary>
    public async Task<string> BeRefusedAsync(DemoTenant attacker, DemoTenant victim, CancellationToken cancellationToken)
    {
        var clientId = $"{victim.Id}.uplink";
        var published = await RunAsync(attacker, clientId, $"{TelemetryFormat.TopicPrefix}x", "{}", cancellationToken);
        Expect.That(published.ExitCode != 0, $"{attacker.Id} got in under the client id {clientId}");
        Expect.That(published.Error.Contains("not authorised", StringComparison.OrdinalIgnoreCase), $"{attacker.Id} was to be refused under the client id {clientId}, and could not connect at all: {published.Error}");
        return clientId;
    }

    private async Task PublishAsync(DemoTenant tenant, string deviceId, CancellationToken cancellationToken)
    {
        var payload = JsonSerializer.Serialize(new { celsius = 21.5, timestamp = time.GetUtcNow().UtcDateTime.ToString("O", CultureInfo.InvariantCulture) });
        var published = await RunAsync(tenant, $"{tenant.Id}.demo", $"{TelemetryFormat.TopicPrefix}{TelemetryFormat.TopicLevel(deviceId)}/temperature", payload, cancellationToken);
        Expect.That(published.ExitCode == 0, $"the broker did not take a reading over the bridge of {tenant.Id}: {published.Error}");
    }

    private Task<ToolRun> RunAsync(DemoTenant tenant, string clientId, string topic, string payload, CancellationToken cancellationToken)
    {
        var client = ProgramPath.Find("mosquitto_pub") ?? throw CliException.Failed("no_mosquitto", "mosquitto_pub is not installed; install it (Debian: apt-get install mosquitto-clients)");
        var bundle = Path.Combine(tenant.Host.Data, "join-bundle");
        return ToolRun.RunAsync(
            client,
            [
                "-h", broker.MqttUrl.Host, "-p", broker.MqttUrl.Port.ToString(CultureInfo.InvariantCulture), "--cafile", Path.Combine(bundle, "root_ca.crt"),
                "--cert", Path.Combine(bundle, "mqtt-bridge-chain.crt"), "--key", Path.Combine(bundle, "mqtt-bridge.key"), "-i", clientId, "-q", "1",
                "-t", topic, "-m", payload,
            ],
            cancellationToken);
    }
}
