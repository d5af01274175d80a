using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace IoTPlatform.Mqtt.Tests.Support;

/// <summary>MQTTnet's client with a certificate of the host's CA.</summary>
internal sealed class Client : IDisposable
{
    private readonly IMqttClient _client = new MqttClientFactory().CreateMqttClient();
    private readonly TaskCompletionSource<MqttClientDisconnectedEventArgs> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Client()
    {
        _client.DisconnectedAsync += args =>
        {
            _ended.TrySetResult(args);
            return Task.CompletedTask;
        };
        _client.ApplicationMessageReceivedAsync += args => Received.Writer.WriteAsync(args.ApplicationMessage).AsTask();
    }

    public Channel<MqttApplicationMessage> Received { get; } = Channel.CreateUnbounded<MqttApplicationMessage>();

    public MqttClientConnectResult Connected { get; private set; } = null!;

    /// <summary>How the connection ended.</summary>
    public Task<MqttClientDisconnectedEventArgs> Ended => _ended.Task;

    public IMqttClient Mqtt => _client;

    public static async Task<Client> ConnectAsync(
        BrokerHost host, string name, MqttProtocolVersion version = MqttProtocolVersion.V500, string? clientId = null, Action<MqttClientOptionsBuilder>? configure = null, string? pem = null, bool webSocket = false, bool hasCertificate = true)
    {
        var client = new Client();
        X509Certificate2Collection certificates = hasCertificate ? Certificates(pem ?? host.ClientPem(name)) : [];
        var builder = new MqttClientOptionsBuilder()
            .WithClientId(clientId ?? name)
            .WithProtocolVersion(version)
            .WithTlsOptions(tls =>
            {
                tls.UseTls().WithClientCertificates(certificates).WithTrustChain([host.Root]).WithRevocationMode(X509RevocationMode.NoCheck);
                if (webSocket)
                {
                    // The trust chain is for TCP only.
                    tls.WithCertificateValidationHandler(_ => true);
                }
                else
                {
                    tls.WithApplicationProtocols([MqttHosting.Alpn]);
                }
            });
        if (webSocket)
        {
            builder.WithWebSocketServer(socket => socket.WithUri($"wss://localhost:{host.HttpsPort}/mqtt"));
        }
        else
        {
            builder.WithTcpServer("localhost", host.Port);
        }

        configure?.Invoke(builder);
        client.Connected = await client._client.ConnectAsync(builder.Build()).SoonAsync();
        return client;
    }

    private static X509Certificate2Collection Certificates(string pem)
    {
        using var ephemeral = X509Certificate2.CreateFromPem(pem, pem);
        return [X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pfx), null), X509Certificate2.CreateFromPem(pem[pem.LastIndexOf("-----BEGIN CERTIFICATE", StringComparison.Ordinal)..])];
    }

    public Task<MqttClientPublishResult> PublishAsync(string topic, string payload = "{}", MqttQualityOfServiceLevel qos = MqttQualityOfServiceLevel.AtLeastOnce) =>
        _client.PublishStringAsync(topic, payload, qos).SoonAsync();

    public async Task<MqttClientSubscribeResultCode[]> SubscribeAsync(params (string Filter, MqttQualityOfServiceLevel Qos)[] filters)
    {
        var builder = new MqttClientSubscribeOptionsBuilder();
        foreach (var (filter, qos) in filters)
        {
            builder.WithTopicFilter(f => f.WithTopic(filter).WithQualityOfServiceLevel(qos));
        }

        var result = await _client.SubscribeAsync(builder.Build()).SoonAsync();
        return [.. result.Items.Select(item => item.ResultCode)];
    }

    public async Task<MqttClientSubscribeResultCode> SubscribeAsync(string filter) => (await SubscribeAsync((filter, MqttQualityOfServiceLevel.AtLeastOnce)))[0];

    public Task<MqttApplicationMessage> ReceiveAsync() => Received.Reader.ReadAsync().AsTask().SoonAsync();

    public void Dispose() => _client.Dispose();
}
