using System.Security.Cryptography.X509Certificates;
using System.Threading.Channels;
using IoTPlatform.Mqtt;
using IoTPlatform.Tenant.Tests.Support;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Tests.Mqtt;

/// <summary>MQTTnet's client at a tenant's port.</summary>
internal sealed class MqttDevice : IDisposable
{
    private readonly IMqttClient _client = new MqttClientFactory().CreateMqttClient();
    private readonly TaskCompletionSource<MqttClientDisconnectedEventArgs> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Channel<MqttApplicationMessage> _received = Channel.CreateUnbounded<MqttApplicationMessage>();

    private MqttDevice()
    {
        _client.DisconnectedAsync += args =>
        {
            _ended.TrySetResult(args);
            return Task.CompletedTask;
        };
        _client.ApplicationMessageReceivedAsync += args =>
        {
            (args.AutoAcknowledge, args.ReasonCode) = (Acknowledges, RefusesWith);
            _received.Writer.TryWrite(args.ApplicationMessage);
            return Task.CompletedTask;
        };
    }

    public bool Acknowledges { get; set; } = true;

    /// <summary>Reason code of its PUBACKs.</summary>
    public MqttApplicationMessageReceivedReasonCode RefusesWith { get; set; }

    public IMqttClient Mqtt => _client;

    public MqttClientConnectResult Connected { get; private set; } = null!;

    public Task<MqttApplicationMessage> ReceiveAsync() => _received.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

    public Task<MqttClientDisconnectedEventArgs> Ended => _ended.Task.WaitAsync(TimeSpan.FromSeconds(20));

    /// <param name="certificate">Of the device; null: none.</param>
    /// <param name="issuers">PEM, sent after it.</param>
    public static async Task<MqttDevice> ConnectAsync(
        TestTenant tenant, string clientId, X509Certificate2? certificate, string? issuers = null, MqttProtocolVersion version = MqttProtocolVersion.V500, Action<MqttClientOptionsBuilder>? configure = null)
    {
        var device = new MqttDevice();
        var certificates = new X509Certificate2Collection();
        if (certificate is not null)
        {
            certificates.Add(X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null));
            if (issuers is not null)
            {
                certificates.ImportFromPem(issuers);
            }
        }

        var builder = new MqttClientOptionsBuilder()
            .WithTcpServer("localhost", tenant.Url.Port)
            .WithClientId(clientId)
            .WithProtocolVersion(version)
            .WithTlsOptions(tls => tls.UseTls().WithClientCertificates(certificates).WithApplicationProtocols([MqttHosting.Alpn])
                .WithTrustChain([tenant.Authority.Chain.Root]).WithRevocationMode(X509RevocationMode.NoCheck));
        configure?.Invoke(builder);
        device.Connected = await device._client.ConnectAsync(builder.Build()).WaitAsync(TimeSpan.FromSeconds(20));
        return device;
    }

    public Task<MqttClientPublishResult> PublishAsync(string topic, string payload, MqttQualityOfServiceLevel qos = MqttQualityOfServiceLevel.AtLeastOnce) =>
        _client.PublishStringAsync(topic, payload, qos).WaitAsync(TimeSpan.FromSeconds(20));

    public void Dispose() => _client.Dispose();
}
