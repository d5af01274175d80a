using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using IoTPlatform.Telemetry;
using IoTPlatform.Tenant.Features.FirstBoot;
using MQTTnet;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;

namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>Connects to the broker that the join bundle names, as this tenant's bridge. What it reads is on disk: a renewed certificate counts from the next connection on.</summary>
internal sealed class UplinkConnector(JoinFiles files, ProviderLink provider)
{
    private const int DefaultPort = 8883;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);
    private MqttProtocolVersion _version = MqttProtocolVersion.V500;

    /// <summary>What a connection is made of. Another than before: connect anew. Null: the provider's broker serves no tenants.</summary>
    public UplinkTarget? Target() => files.ReadBundle() is { RabbitmqMqttUrl: { } url, RabbitmqVhost: not null } bundle ? new UplinkTarget(new Uri(url), bundle.MqttBridgeCert) : null;

    /// <summary>Throws where there is no way in now.</summary>
    public async Task<UplinkConnection> ConnectAsync(UplinkTarget target, CancellationToken cancellationToken)
    {
        var bundle = files.ReadBundle() ?? throw new InvalidOperationException($"{files.Bundle} is missing or damaged.");
        var client = new MqttClientFactory().CreateMqttClient(MqttNetNullLogger.Instance);
        // MQTTnet's own time-out does not count where the caller can cancel.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Timeout);
        try
        {
            var answer = await client.ConnectAsync(new MqttClientOptions
            {
                ChannelOptions = new MqttClientTcpOptions { RemoteEndpoint = new DnsEndPoint(target.Url.IdnHost, target.Port(DefaultPort)), StreamProvider = new MqttTls(Tls(target.Url.IdnHost, bundle)) },
                ClientId = $"{bundle.TenantId}.uplink",
                ProtocolVersion = _version,
                CleanSession = true,
                KeepAlivePeriod = KeepAlive,
                Timeout = Timeout,
                ValidateFeatures = false,
            }, limit.Token);
            return answer.ResultCode == MqttClientConnectResultCode.Success ? new UplinkConnection(client, answer) : throw new IOException($"The broker refuses the bridge: {answer.ResultCode} {answer.ReasonString}".TrimEnd());
        }
        catch (Exception e)
        {
            client.Dispose();
            if (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"{target.Url.Authority} does not answer within {Timeout.TotalSeconds:0} s.", e);
            }

            // RabbitMQ 3 answers MQTT 5 in a way that no client of it understands.
            _version = _version == MqttProtocolVersion.V500 ? MqttProtocolVersion.V311 : MqttProtocolVersion.V500;
            throw;
        }
    }

    /// <summary>Below the platform's root only, and there the provider or its broker. The chain is sent along: a RabbitMQ trusts the root alone.</summary>
    private SslClientAuthenticationOptions Tls(string host, JoinBundle bundle)
    {
        var root = provider.TrustedRoot() ?? throw new InvalidOperationException("The root is not trusted yet.");
        var tls = new SslClientAuthenticationOptions
        {
            TargetHost = host,
            ApplicationProtocols = [MqttTls.Alpn],
            ClientCertificateContext = SslStreamCertificateContext.Create(
                files.ReadBridgeIdentity(bundle), [.. Pem.ParseCertificates(bundle.CaChain)], offline: true, SslCertificateTrust.CreateForX509Collection([root])),
        };
        provider.Server(root, ServerIdentity.ProviderBroker(bundle.PlatformDomain)).ApplyTo(tls, host);
        return tls;
    }
}

/// <summary>The way up, open.</summary>
/// <param name="client">Connected.</param>
/// <param name="answer">The broker's.</param>
internal sealed class UplinkConnection(IMqttClient client, MqttClientConnectResult answer) : IDisposable
{
    /// <summary>Messages, or batches of them, that are not acknowledged.</summary>
    private const int LargestWindow = 256;
    private const int LargestWindowOfBatches = 8;

    private static readonly TimeSpan LongestFarewell = TimeSpan.FromSeconds(5);

    public IMqttClient Client => client;

    public bool TakesBatches { get; } = answer.UserProperties?.Any(property => property.Name == TelemetryBatch.Offer && Encoding.UTF8.GetString(property.ValueBuffer.Span) == TelemetryBatch.Version) == true;

    /// <summary>At most the broker's Receive Maximum (MQTT 5 section 3.2.2.3.3).</summary>
    public int Window => Math.Min(answer.ReceiveMaximum ?? LargestWindow, TakesBatches ? LargestWindowOfBatches : LargestWindow);

    /// <summary>Says goodbye to a broker that listens.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(LongestFarewell);
        await client.DisconnectAsync(new MqttClientDisconnectOptions(), limit.Token);
    }

    public void Dispose() => client.Dispose();
}

/// <param name="Url">Of the broker.</param>
/// <param name="Certificate">The bridge's, PEM.</param>
internal sealed record UplinkTarget(Uri Url, string Certificate)
{
    public int Port(int fallback) => Url.Port > 0 ? Url.Port : fallback;
}
