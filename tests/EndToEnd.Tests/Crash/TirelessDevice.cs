using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Security;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Client;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace IoTPlatform.EndToEnd.Tests.Crash;

/// <summary>
/// A device that takes and answers commands, and publishes at QoS 1 all the time, connects again, and sends again what was not acknowledged: the same bytes. Without
/// timestamps it sends nothing again, because that would be another reading.
/// </summary>
internal sealed class TirelessDevice(DeviceBroker broker, EnrolledDevice device, string deviceId, bool hasClock = true) : IAsyncDisposable
{
    private const int UnderWay = 20;

    /// <summary>The broker limits connects, and this leaves processor time for the rest of the machine.</summary>
    private static readonly TimeSpan BetweenConnects = TimeSpan.FromSeconds(1.2);
    private static readonly TimeSpan BetweenMessages = TimeSpan.FromMilliseconds(20);

    private readonly DateTimeOffset _began = TimeProvider.System.GetUtcNow().AddHours(-1);
    private readonly ConcurrentQueue<int> _due = new();
    private readonly CancellationTokenSource _enough = new();
    private Task _running = Task.CompletedTask;
    private readonly ConcurrentBag<int> _kept = [];
    private int _numbers;
    private int _acknowledged;
    private int _lost;

    /// <summary>By the id.</summary>
    public ConcurrentDictionary<long, bool> Commands { get; } = new();

    public int Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>The numbers in the messages that were acknowledged.</summary>
    public IReadOnlyCollection<int> Kept => _kept;

    /// <summary>Connections that ended before all was acknowledged.</summary>
    public int Lost => Volatile.Read(ref _lost);

    public void Start() => _running = RunAsync();

    /// <summary>Returns how many messages there were, when all are acknowledged.</summary>
    public async Task<int> FinishAsync()
    {
        await _enough.CancelAsync();
        await _running;
        return _numbers;
    }

    public async ValueTask DisposeAsync()
    {
        await _enough.CancelAsync();
        _enough.Dispose();
    }

    private async Task RunAsync()
    {
        var patience = TimeProvider.System.GetTimestamp();
        while (!_enough.IsCancellationRequested || !_due.IsEmpty)
        {
            try
            {
                using var client = await ConnectAsync();
                patience = TimeProvider.System.GetTimestamp();
                await Task.WhenAll(Enumerable.Range(0, UnderWay).Select(_ => PublishAsync(client)));
            }
            catch (Exception) when (TimeProvider.System.GetElapsedTime(patience) < TimeSpan.FromMinutes(5))
            {
                // Killed, refused, or not there yet.
                Interlocked.Increment(ref _lost);
            }

            await Task.Delay(BetweenConnects);
        }
    }

    private async Task PublishAsync(IMqttClient client)
    {
        while (client.IsConnected && Next() is { } n)
        {
            try
            {
                using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
                var timestamp = hasClock ? string.Create(CultureInfo.InvariantCulture, $",\"timestamp\":\"{_began.AddMilliseconds(n):O}\"") : "";
                var payload = string.Create(CultureInfo.InvariantCulture, $"{{\"n\":{n}{timestamp}}}");
                var answer = await client.PublishStringAsync($"devices/{deviceId}/telemetry", payload, MqttQualityOfServiceLevel.AtLeastOnce, cancellationToken: limit.Token);
                answer.ReasonCode.ShouldBe(MqttClientPublishReasonCode.Success);
                _kept.Add(n);
                Interlocked.Increment(ref _acknowledged);
            }
            catch
            {
                if (hasClock)
                {
                    _due.Enqueue(n);
                }

                throw;
            }

            await Task.Delay(BetweenMessages);
        }
    }

    /// <summary>Only so many unanswered commands may wait for a device. Not waited for: the client takes no message meanwhile.</summary>
    private static async Task TryAnswerAsync(IMqttClient client, string command)
    {
        try
        {
            await client.PublishStringAsync(command + "/response", "{}", MqttQualityOfServiceLevel.AtLeastOnce);
        }
        catch (Exception)
        {
            // The connection ended: that the command came is what is counted.
        }
    }

    /// <summary>Null: that was all.</summary>
    private int? Next() => _due.TryDequeue(out var again) ? again : _enough.IsCancellationRequested ? null : Interlocked.Increment(ref _numbers) - 1;

    private async Task<IMqttClient> ConnectAsync()
    {
        var client = new MqttClientFactory().CreateMqttClient();
        client.ApplicationMessageReceivedAsync += args =>
        {
            // A broker may give its answers back to it.
            if (long.TryParse(args.ApplicationMessage.Topic.Split('/')[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var command))
            {
                Commands[command] = true;
                _ = TryAnswerAsync(client, args.ApplicationMessage.Topic);
            }

            return Task.CompletedTask;
        };
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            await client.ConnectAsync(broker.Options(device.KeyAndChainPem), limit.Token);
            await client.SubscribeAsync($"devices/{deviceId}/commands/#", MqttQualityOfServiceLevel.AtLeastOnce, limit.Token);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }
}

/// <summary>Where a device connects, and how.</summary>
/// <param name="Port">On this machine.</param>
/// <param name="ClientId">As its broker wants it.</param>
/// <param name="Version">The newest that the broker speaks.</param>
/// <param name="KeepsSessions">The broker keeps what is due to a device, and not the tenant.</param>
internal sealed record DeviceBroker(int Port, string ClientId, MqttProtocolVersion Version, bool KeepsSessions)
{
    /// <summary>The tenant's own.</summary>
    public static DeviceBroker Of(TenantStack tenant, string deviceId) => new(tenant.Url.Port, deviceId, MqttProtocolVersion.V500, KeepsSessions: false);

    public static DeviceBroker Of(RabbitMqServer broker, string tenantId, string deviceId) => new(broker.MqttPort, $"{tenantId}.{deviceId}", MqttProtocolVersion.V311, KeepsSessions: true);

    /// <param name="identity">Key, certificate and issuers: a RabbitMQ knows the root alone.</param>
    public MqttClientOptions Options(string identity)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(identity);
        using var ephemeral = X509Certificate2.CreateFromPem(identity, identity);
        var tls = new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ApplicationProtocols = [MqttTls.Alpn],
            ClientCertificateContext = SslStreamCertificateContext.Create(X509CertificateLoader.LoadPkcs12(ephemeral.Export(X509ContentType.Pfx), null), [.. chain.Skip(1)], offline: true),
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null,
        };
        return new MqttClientOptions
        {
            ChannelOptions = new MqttClientTcpOptions { RemoteEndpoint = new DnsEndPoint("localhost", Port), StreamProvider = new MqttTls(tls) },
            ClientId = ClientId,
            ProtocolVersion = Version,
            CleanSession = !KeepsSessions,
        };
    }
}
