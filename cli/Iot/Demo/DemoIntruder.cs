using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using MQTTnet;

namespace IoTPlatform.Iot;

/// <summary>A tenant that tries another's name at RabbitMQ, with its own bridge's key.</summary>
internal sealed class DemoIntruder(DemoRabbitMq broker)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Answers the client id under which the attacker was refused, with its own good certificate.</summary>
    public async Task<string> BeRefusedAsync(DemoTenant attacker, DemoTenant victim, CancellationToken cancellationToken)
    {
        var clientId = $"{victim.Id}.uplink";
        var bundle = Path.Combine(attacker.Host.Data, "join-bundle");
        using var certificate = X509Certificate2.CreateFromPemFile(Path.Combine(bundle, "mqtt-bridge-chain.crt"), Path.Combine(bundle, "mqtt-bridge.key"));
        var issuers = new X509Certificate2Collection();
        issuers.ImportFromPemFile(Path.Combine(bundle, "mqtt-bridge-chain.crt"));
        var tls = new SslClientAuthenticationOptions
        {
            TargetHost = broker.MqttUrl.Host,
            ClientCertificateContext = SslStreamCertificateContext.Create(certificate, issuers, offline: true),
            // Whoever answers here is the demo's own broker: what it says to the attacker is looked at, not who it is.
            RemoteCertificateValidationCallback = (_, _, _, _) => true,
        };
        using var client = new MqttClientFactory().CreateMqttClient();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        var answer = await client.ConnectAsync(new MqttClientOptions
        {
            ChannelOptions = new MqttClientTcpOptions { RemoteEndpoint = new DnsEndPoint(broker.MqttUrl.Host, broker.MqttUrl.Port), StreamProvider = new MqttTls(tls) },
            ClientId = clientId,
            // RabbitMQ 3 speaks no other.
            ProtocolVersion = MQTTnet.Formatter.MqttProtocolVersion.V311,
        }, limit.Token);
        Expect.That(answer.ResultCode == MqttClientConnectResultCode.NotAuthorized, $"{attacker.Id} was to be refused under the client id {clientId}: {answer.ResultCode}");
        return clientId;
    }
}
