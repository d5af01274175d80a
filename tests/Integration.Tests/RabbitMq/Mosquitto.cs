using IoTPlatform.Testing;

namespace IoTPlatform.Integration.Tests.RabbitMq;

/// <summary>The foreign MQTT client, with one certificate.</summary>
internal sealed class Mosquitto : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly RabbitMqServer _broker;
    private readonly bool _hasCertificate;

    /// <param name="certificatePem">Key, certificate and issuers in one; null: none.</param>
    public Mosquitto(RabbitMqServer broker, string? certificatePem)
    {
        _broker = broker;
        _hasCertificate = certificatePem is not null;
        if (certificatePem is not null)
        {
            File.WriteAllText(_folder.Combine("client.pem"), certificatePem);
        }
    }

    /// <summary>QoS 1: returns when the broker has acknowledged.</summary>
    public async Task<MqttOutcome> PublishAsync(string clientId, string topic, string payload, string? user = null, string? password = null, TimeSpan? timeout = null)
    {
        var tool = Requires.Tool("mosquitto_pub");
        try
        {
            return Outcome(await Tools.RunAsync(tool, [.. Connection(clientId, user, password), "-t", topic, "-s"], payload, timeout: timeout));
        }
        catch (TimeoutException) when (timeout is not null)
        {
            return MqttOutcome.NoAcknowledgement;
        }
    }

    /// <summary>Publishes, and returns what comes on the other topic, over one connection.</summary>
    public async Task<string> RequestAsync(string clientId, string topic, string responseTopic, string payload)
    {
        var result = await Tools.RunAsync(Requires.Tool("mosquitto_rr"), [.. Connection(clientId, null, null), "-t", topic, "-e", responseTopic, "-m", payload, "-W", "30"]);
        return result.ExitCode == 0 ? result.Output : throw new InvalidOperationException($"mosquitto_rr ended with {result.ExitCode}:\n{result.Output}\n{result.Error}");
    }

    /// <summary>Subscribes, and returns what that came to: a client that is let in waits until it is disposed.</summary>
    public async Task<MqttSubscription> SubscribeAsync(string clientId, string filter) =>
        await MqttSubscription.StartAsync(Requires.Tool("mosquitto_sub"), [.. Connection(clientId, null, null), "-t", filter, "-v", "-d"]);

    public void Dispose() => _folder.Dispose();

    private IEnumerable<string> Connection(string clientId, string? user, string? password)
    {
        yield return "-h";
        yield return "localhost";
        yield return "-p";
        yield return _broker.MqttPort.ToString(System.Globalization.CultureInfo.InvariantCulture);
        yield return "-V";
        yield return "mqttv311";
        yield return "--cafile";
        yield return _broker.RootFile;
        if (_hasCertificate)
        {
            yield return "--cert";
            yield return _folder.Combine("client.pem");
            yield return "--key";
            yield return _folder.Combine("client.pem");
        }

        if (user is not null)
        {
            yield return "-u";
            yield return user;
            yield return "-P";
            yield return password ?? "";
        }

        yield return "-i";
        yield return clientId;
        yield return "-q";
        yield return "1";
    }

    private static MqttOutcome Outcome(ToolResult result) => result.ExitCode switch
    {
        0 => MqttOutcome.Done,
        // mosquitto_pub ends with the CONNACK's return code where there was one.
        4 or 5 or 134 or 135 => MqttOutcome.NotAuthorised,
        _ when result.Error.Contains("not authorised", StringComparison.OrdinalIgnoreCase) => MqttOutcome.NotAuthorised,
        7 or 8 or 14 => MqttOutcome.NoConnection,
        // A TLS alert that comes when the handshake is over for the client, as of its certificate in TLS 1.3.
        1 when result.Error.Contains("Protocol error", StringComparison.Ordinal) => MqttOutcome.NoConnection,
        _ => throw new InvalidOperationException($"mosquitto_pub ended with {result.ExitCode}:\n{result.Output}\n{result.Error}"),
    };
}
