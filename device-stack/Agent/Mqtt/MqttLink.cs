using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;
using IoTPlatform.Client;
using IoTPlatform.Contracts;
using IoTPlatform.Pki;
using MQTTnet;
using MQTTnet.Diagnostics.Logger;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace IoTPlatform.Agent;

/// <summary>One MQTT 5 connection to the tenant. Throws <see cref="UnreachableException"/>, and <see cref="ApiException"/> where the tenant refused.</summary>
internal sealed class MqttLink : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestFarewell = TimeSpan.FromSeconds(3);

    private readonly IMqttClient _client = new MqttClientFactory().CreateMqttClient(MqttNetNullLogger.Instance);
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<MqttApplicationMessage> _answers = Channel.CreateBounded<MqttApplicationMessage>(new BoundedChannelOptions(4) { FullMode = BoundedChannelFullMode.DropOldest });
    private readonly SemaphoreSlim _asking = new(1);
    private readonly MqttTarget _target;
    private string? _answerTopic;

    private MqttLink(MqttTarget target)
    {
        _target = target;
        _client.DisconnectedAsync += args =>
        {
            IsAskedToLookAgain = args.Reason == MqttClientDisconnectReason.AdministrativeAction;
            _ended.TrySetResult(args.ReasonString ?? args.Exception?.Message ?? args.Reason.ToString());
            _answers.Writer.TryComplete();
            return Task.CompletedTask;
        };
        _client.ApplicationMessageReceivedAsync += ReceiveAsync;
    }

    /// <summary>Ends with the connection, with why.</summary>
    public Task<string> Ended => _ended.Task;

    /// <summary>The tenant ended it because something has changed that the device should look at (MQTT 5 section 3.14.2.1, 0x98).</summary>
    public bool IsAskedToLookAgain { get; private set; }

    /// <summary>Is given what comes to other topics than those of answers, and decides the reason code of PUBACK, which waits for it.</summary>
    public Func<MqttApplicationMessage, MqttApplicationMessageReceivedReasonCode> Received { get; set; } = _ => MqttApplicationMessageReceivedReasonCode.Success;

    public static async Task<MqttLink> ConnectAsync(MqttTarget target, CancellationToken cancellationToken)
    {
        var link = new MqttLink(target);
        try
        {
            await link.ConnectAsync(cancellationToken);
            return link;
        }
        catch
        {
            await link.DisposeAsync();
            throw;
        }
    }

    public async Task SubscribeAsync(string filter, CancellationToken cancellationToken)
    {
        var answer = await WithinAsync(token => _client.SubscribeAsync(new MqttClientSubscribeOptionsBuilder().WithTopicFilter(filter, MqttQualityOfServiceLevel.AtLeastOnce).Build(), token), cancellationToken);
        if (answer.Items.Single() is { ResultCode: > MqttClientSubscribeResultCode.GrantedQoS2 } refused)
        {
            throw Refused(403, SnakeCase.Of(refused.ResultCode), $"{filter}: {answer.ReasonString}");
        }
    }

    /// <summary>At QoS 1. Null: it is stored; else why it never will be.</summary>
    public async Task<string?> PublishAsync(string topic, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        var answer = await WithinAsync(token => _client.PublishAsync(Message(topic, payload).Build(), token), cancellationToken);
        return answer switch
        {
            { IsSuccess: true } => null,
            { ReasonCode: MqttClientPublishReasonCode.PayloadFormatInvalid or MqttClientPublishReasonCode.TopicNameInvalid or MqttClientPublishReasonCode.NotAuthorized } =>
                answer.ReasonString ?? SnakeCase.Of(answer.ReasonCode),
            _ => throw Refused(503, SnakeCase.Of(answer.ReasonCode), answer.ReasonString),
        };
    }

    /// <summary>Publishes a request and waits for its answer: <c>…/request</c> and <c>…/response</c> below the topic.</summary>
    public async Task<TAnswer> AskAsync<TBody, TAnswer>(string topic, TBody body, JsonTypeInfo<TBody> type, JsonTypeInfo<TAnswer> answer, CancellationToken cancellationToken)
    {
        await _asking.WaitAsync(cancellationToken);
        try
        {
            if (_answerTopic is null)
            {
                await SubscribeAsync($"{topic}/response", cancellationToken);
                _answerTopic = $"{topic}/response";
            }

            var id = RandomNumberGenerator.GetBytes(8);
            var request = Message($"{topic}/request", JsonSerializer.SerializeToUtf8Bytes(body, type)).WithResponseTopic(_answerTopic).WithCorrelationData(id).Build();
            return await WithinAsync(async token =>
            {
                var published = await _client.PublishAsync(request, token);
                if (!published.IsSuccess)
                {
                    throw Refused(503, SnakeCase.Of(published.ReasonCode), published.ReasonString);
                }

                return Read(await AnswerAsync(id, token), answer);
            }, cancellationToken);
        }
        finally
        {
            _asking.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_client.IsConnected)
        {
            using var limit = new CancellationTokenSource(LongestFarewell);
            await _client.DisconnectAsync(new MqttClientDisconnectOptions(), limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _client.Dispose();
        _ended.TrySetResult("closed");
        _asking.Dispose();
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        var answer = await WithinAsync(token => _client.ConnectAsync(new MqttClientOptions
        {
            ChannelOptions = new MqttClientTcpOptions { RemoteEndpoint = new DnsEndPoint(_target.Url.IdnHost, _target.Url.Port), StreamProvider = new MqttTls(_target.Tls()) },
            ClientId = _target.DeviceId,
            Credentials = _target.Token is { } secret ? new MqttClientCredentials(_target.DeviceId, System.Text.Encoding.UTF8.GetBytes(secret)) : null,
            ProtocolVersion = MqttProtocolVersion.V500,
            CleanSession = true,
            KeepAlivePeriod = KeepAlive,
            Timeout = Timeout,
            ValidateFeatures = false,
        }, token), cancellationToken);
        if (answer.ResultCode != MqttClientConnectResultCode.Success)
        {
            // Its certificate was revoked: the same code as over HTTPS.
            var code = answer.ResultCode == MqttClientConnectResultCode.Banned ? RevocationCodes.Certificate : SnakeCase.Of(answer.ResultCode);
            // Those are for now, and no reason to give up.
            var passes = answer.ResultCode is MqttClientConnectResultCode.ServerBusy or MqttClientConnectResultCode.ServerUnavailable
                or MqttClientConnectResultCode.ConnectionRateExceeded or MqttClientConnectResultCode.QuotaExceeded;
            throw Refused(passes ? 503 : 401, code, answer.ReasonString);
        }
    }

    private Task ReceiveAsync(MqttApplicationMessageReceivedEventArgs args)
    {
        if (args.ApplicationMessage.Topic == _answerTopic)
        {
            _answers.Writer.TryWrite(args.ApplicationMessage);
        }
        else
        {
            args.ReasonCode = Received(args.ApplicationMessage);
        }

        return Task.CompletedTask;
    }

    private async Task<MqttApplicationMessage> AnswerAsync(byte[] id, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var message = await _answers.Reader.ReadAsync(cancellationToken);
                if (message.CorrelationData.AsSpan().SequenceEqual(id))
                {
                    return message;
                }
            }
        }
        catch (ChannelClosedException)
        {
            throw Broken(await Ended, null);
        }
    }

    private TAnswer Read<TAnswer>(MqttApplicationMessage message, JsonTypeInfo<TAnswer> type)
    {
        try
        {
            var reader = new Utf8JsonReader(message.Payload);
            using var json = JsonDocument.ParseValue(ref reader);
            if (json.RootElement.TryGetProperty("code", out _) && json.RootElement.TryGetProperty("status", out _))
            {
                throw new ApiException(json.RootElement.Deserialize(ContractsJson.Default.ApiProblem)!);
            }

            return json.RootElement.Deserialize(type) ?? throw new JsonException("null");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new UnreachableException(_target.Url, UnreachableReason.NotThisApi, $"{_target.Url} answered something that is not a {typeof(TAnswer).Name}", e);
        }
    }

    private async Task<T> WithinAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        // MQTTnet's own time-out does not count where the caller can cancel.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Timeout);
        try
        {
            return await call(limit.Token);
        }
        catch (Exception e) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new UnreachableException(_target.Url, UnreachableReason.TimedOut, $"{_target.Url} did not answer within {Timeout.TotalSeconds:0} s", e);
        }
        catch (Exception e) when (e is not (ApiException or UnreachableException or OperationCanceledException))
        {
            throw Broken((e.InnerException ?? e).Message, e);
        }
    }

    private UnreachableException Broken(string why, Exception? inner)
    {
        for (var e = inner; e is not null; e = e.InnerException)
        {
            if (e is UntrustedServerException refusal)
            {
                return refusal.WrongTime is { } period
                    ? new UnreachableException(_target.Url, UnreachableReason.ClocksDiffer, $"the TLS certificate of {_target.Url} is {refusal.Message} by this machine's clock", inner) { Validity = period }
                    : new UnreachableException(_target.Url, UnreachableReason.Untrusted, $"the TLS certificate of {_target.Url} is not trusted: {refusal.Message}", inner);
            }
        }

        return new UnreachableException(_target.Url, UnreachableReason.Connection, $"no MQTT connection to {_target.Url.Authority}: {why}", inner);
    }

    private static MqttApplicationMessageBuilder Message(string topic, ReadOnlyMemory<byte> payload) => new MqttApplicationMessageBuilder()
        .WithTopic(topic).WithPayload(new System.Buffers.ReadOnlySequence<byte>(payload)).WithQualityOfServiceLevel(MqttQualityOfServiceLevel.AtLeastOnce);

    private static ApiException Refused(int status, string code, string? reason) =>
        new(new ApiProblem { Title = code, Status = status, Code = code, Detail = reason is { Length: > 0 } ? reason : $"the tenant's broker answered {code}" });
}

/// <summary>Where to connect, and as whom. Not a record: it has the token.</summary>
internal sealed class MqttTarget
{
    private const int DefaultPort = 8883;

    public required string DeviceId { get; init; }

    public required ServerVerifier Server { get; init; }

    /// <summary>For enrolment.</summary>
    public string? Token { get; init; }

    public DeviceIdentity? Identity { get; init; }

    public required Uri Url { get; init; }

    /// <summary>The tenant's own port, where MQTT is negotiated, or an address of its own.</summary>
    public static Uri UrlOf(DeviceSettings settings) =>
        settings.MqttUrl is not { } url ? settings.TenantUrl : url.Port > 0 ? url : new UriBuilder(url) { Port = DefaultPort }.Uri;

    public SslClientAuthenticationOptions Tls()
    {
        var tls = new SslClientAuthenticationOptions { TargetHost = Url.IdnHost, ApplicationProtocols = [MqttTls.Alpn] };
        if (Identity is { } identity)
        {
            // The tenant knows its issuers, and would parse and verify them for each handshake. Another broker may know the root alone.
            X509Certificate2[] issuers = Url.Scheme == Uri.UriSchemeHttps ? [] : [.. identity.Chain.Intermediates];
            tls.ClientCertificateContext = SslStreamCertificateContext.Create(identity.Certificate, [.. issuers], offline: true);
        }

        Server.ApplyTo(tls, Url.IdnHost);
        return tls;
    }
}
