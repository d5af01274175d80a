using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace IoTPlatform.Provider.Tests.Support;

/// <summary>A tenant's bridge, or what would like to be one, at the embedded broker.</summary>
internal sealed class BridgeClient(RunningProvider provider, X509Certificate2? certificate) : IDisposable
{
    private readonly IMqttClient _client = new MqttClientFactory().CreateMqttClient();
    private readonly TaskCompletionSource<MqttClientDisconnectReason> _ended = new();

    private readonly Channel<MqttApplicationMessage> _received = Channel.CreateUnbounded<MqttApplicationMessage>();

    /// <summary>When the broker ends the connection.</summary>
    public Task<MqttClientDisconnectReason> Ended => _ended.Task;

    public MqttClientConnectResult Connected { get; private set; } = null!;

    public Task<MqttClientConnectResultCode> ConnectAsync(string clientId, MqttProtocolVersion version = MqttProtocolVersion.V500, (string User, string Password)? login = null)
    {
        _client.DisconnectedAsync += args =>
        {
            _ended.TrySetResult(args.Reason);
            return Task.CompletedTask;
        };
        _client.ApplicationMessageReceivedAsync += args =>
        {
            _received.Writer.TryWrite(args.ApplicationMessage);
            return Task.CompletedTask;
        };
        var tls = new MqttClientTlsOptions
        {
            UseTls = true,
            TargetHost = "localhost",
            ApplicationProtocols = [new SslApplicationProtocol("mqtt")],
            CertificateValidationHandler = _ => true,
            ClientCertificatesProvider = certificate is null ? null : new DefaultMqttCertificatesProvider([certificate]),
        };
        return RunAsync(async () => (Connected = await _client.ConnectAsync(new MqttClientOptions
        {
            ChannelOptions = new MqttClientTcpOptions { RemoteEndpoint = new DnsEndPoint("localhost", provider.Url.Port), TlsOptions = tls },
            ClientId = clientId,
            ProtocolVersion = version,
            Credentials = login is var (user, password) ? new MqttClientCredentials(user, Encoding.UTF8.GetBytes(password)) : null,
        })).ResultCode);
    }

    public Task<MqttClientPublishResult> PublishAsync(string topic, string payload) => PublishAsync(topic, Encoding.UTF8.GetBytes(payload));

    public Task<MqttClientPublishResult> PublishAsync(string topic, byte[] payload) => RunAsync(() => _client.PublishAsync(
        new MqttApplicationMessageBuilder().WithTopic(topic).WithPayload(payload).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce).Build()));

    public Task<MqttClientSubscribeResultCode> SubscribeAsync(string filter) => RunAsync(async () =>
        (await _client.SubscribeAsync(new MqttClientSubscribeOptionsBuilder().WithTopicFilter(filter).Build())).Items.Single().ResultCode);

    public Task<MqttApplicationMessage> ReceiveAsync() => _received.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

    public void Dispose() => _client.Dispose();

    /// <summary>The provider's clock stands still, and its writer waits for more by it.</summary>
    private async Task<T> RunAsync<T>(Func<Task<T>> call)
    {
        var running = call();
        while (await Task.WhenAny(running, Task.Delay(10)) != running)
        {
            provider.Time.Advance(TimeSpan.FromMilliseconds(10));
        }

        return await running;
    }
}
