using System.Globalization;
using IoTPlatform.Contracts.Telemetry;

namespace IoTPlatform.Iot;

/// <summary>A tenant that tries another's name at RabbitMQ, with a foreign MQTT client and its own bridge's key.</summary>
internal sealed class DemoIntruder(DemoRabbitMq broker)
{
    /// <summary>Answers the client id under which the attacker was refused, with its own good certificate.</summary>
    public async Task<string> BeRefusedAsync(DemoTenant attacker, DemoTenant victim, CancellationToken cancellationToken)
    {
        var clientId = $"{victim.Id}.uplink";
        var published = await RunAsync(attacker, clientId, $"{TelemetryFormat.TopicPrefix}x", "{}", cancellationToken);
        Expect.That(published.ExitCode != 0, $"{attacker.Id} got in under the client id {clientId}");
        Expect.That(published.Error.Contains("not authorised", StringComparison.OrdinalIgnoreCase), $"{attacker.Id} was to be refused under the client id {clientId}, and could not connect at all: {published.Error}");
        return clientId;
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
