using System.Collections;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Connections;
using MQTTnet.Adapter;
using MQTTnet.Formatter;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using MQTTnet.Server;

namespace IoTPlatform.Mqtt;

/// <summary>
/// One network connection, between MQTTnet's server and the wire: every packet passes here, before the server sees it and after it has made it.
/// The rules for each packet are in the classes that are named here.
/// </summary>
internal sealed class Connection(IMqttChannelAdapter channel, ConnectionContext transport, PacketSizeLimit input, HeldOutput output, MqttSessions sessions, Publishing publishing) : IMqttChannelAdapter
{
    /// <summary>Of a client's aliases; the standard allows 65535 of 64 KiB each.</summary>
    private const ushort MostTopicAliases = 16;
    private static readonly TimeSpan LongestFarewell = TimeSpan.FromSeconds(1);

    /// <summary>Answers that a client may leave unread, beside those to its window of QoS 2.</summary>
    private const int MostUnreadAnswers = 64;

    /// <summary>Of packets that the server does not see it does not know: what it takes from one and a half times the Keep Alive (MQTT-3.1.2-22).</summary>
    private static readonly TimeSpan LongestPastServer = TimeSpan.FromMilliseconds(500);

    /// <summary>Seconds. Of such a Keep Alive nothing is left to take.</summary>
    private const int ShortKeepAlive = 2;

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TrafficMeter _traffic = new();
    private Admitted? _admitted;
    private int _closing;
    private int _unreadAnswers;
    private int _isNewReader;
    private long _seenByServer = TimeProvider.System.GetTimestamp();

    public MqttConnectPacket? Connect { get; private set; }

    /// <summary>Why the broker ended it; null: it did not.</summary>
    public MqttDisconnectReasonCode? ClosedFor { get; private set; }

    /// <summary>CONNACK says that it is connected.</summary>
    public bool IsAnnounced { get; private set; }

    public ConnectionContext Transport => transport;

    public bool IsMqtt5 => channel.PacketFormatterAdapter.ProtocolVersion == MqttProtocolVersion.V500;

    public MqttIdentity? Identity => _admitted?.Identity;

    public Session Session => Required.Session;

    public Acknowledgements Acknowledgements => Required.Acknowledgements;

    public Deliveries Deliveries => Required.Deliveries;

    private Admitted Required => _admitted ?? throw new InvalidOperationException("The client was not admitted yet.");

    /// <summary>The PUBLISH that MQTTnet's server handles now, whose event leaves its packet identifier out; null: it is a will.</summary>
    public MqttPublishPacket? Incoming { get; private set; }

    /// <summary>Bytes of that PUBLISH, with everything in it.</summary>
    public long IncomingSize { get; private set; }

    /// <summary>The QoS that a SUBSCRIBE asks for: see <see cref="ReceivePacketAsync"/>.</summary>
    public Queue<MqttQualityOfServiceLevel> Wishes { get; } = new();

    public X509Certificate2? ClientCertificate => channel.ClientCertificate;

    public EndPoint? RemoteEndPoint => channel.RemoteEndPoint;

    public EndPoint? LocalEndPoint => channel.LocalEndPoint;

    public bool IsSecureConnection => channel.IsSecureConnection;

    public MqttPacketFormatterAdapter PacketFormatterAdapter => channel.PacketFormatterAdapter;

    public long BytesReceived => channel.BytesReceived;

    public long BytesSent => channel.BytesSent;

    public Traffic Traffic => _traffic.Read(channel.BytesReceived, channel.BytesSent);

    /// <summary>Once after each SUBSCRIBE.</summary>
    public bool TakeNewReader() => Interlocked.Exchange(ref _isNewReader, 0) == 1;

    public static Connection Of(IDictionary sessionItems) => (Connection)sessionItems[typeof(Connection)]!;

    /// <summary>CONNECT was accepted: its limits apply from the next packet on.</summary>
    public void Admit(MqttIdentity identity, Session session)
    {
        _admitted = new Admitted(identity, session, new Acknowledgements(this, identity.Limits), new Deliveries(this, identity.Limits, sessions.Time));
        input.Limit = identity.Limits.PacketSize;
        input.Exceeded = () => CloseAsync(MqttDisconnectReasonCode.PacketTooLarge, $"A packet has at most {identity.Limits.PacketSize} bytes.");
    }

    /// <summary>
    /// The next packet for the server. Messages go past it: it would queue an acknowledgement of its own for each, and takes turns with other tasks four times
    /// meanwhile. Those with an alias are its to resolve.
    /// </summary>
    public async Task<MqttPacket?> ReceivePacketAsync(CancellationToken cancellationToken)
    {
        while (await ReceiveAsync(cancellationToken) is { } packet)
        {
            if (packet is not MqttPublishPacket { TopicAlias: 0 } || Connect?.KeepAlivePeriod is > 0 and <= ShortKeepAlive || TimeProvider.System.GetElapsedTime(_seenByServer) > LongestPastServer)
            {
                _seenByServer = TimeProvider.System.GetTimestamp();
                return packet;
            }

            await publishing.ReceiveAsync(this, TakeIncoming()!);
        }

        return null;
    }

    private async Task<MqttPacket?> ReceiveAsync(CancellationToken cancellationToken)
    {
        var before = channel.BytesReceived;
        var packet = await channel.ReceivePacketAsync(cancellationToken);
        var size = channel.BytesReceived - before;
        _traffic.Received();
        if (packet is MqttPingReqPacket or MqttSubscribePacket or MqttUnsubscribePacket or MqttPubRelPacket or MqttPubRecPacket)
        {
            // The server queues the answer, without bound.
            if (Interlocked.Increment(ref _unreadAnswers) > MostUnreadAnswers + (Identity?.Limits.InFlight ?? 0))
            {
                await CloseAsync(MqttDisconnectReasonCode.QuotaExceeded, "The client does not read its answers.");
                return null;
            }

            if (_admitted is not null)
            {
                await Session.Meter.TakeAsync(size, cancellationToken);
            }
        }

        switch (packet)
        {
            case MqttConnectPacket connect:
                // A second one ends the connection, by the server (MQTT-3.1.0-2).
                Connect ??= connect;
                break;
            case MqttPublishPacket { QualityOfServiceLevel: > MqttQualityOfServiceLevel.ExactlyOnce }:
                // MQTT-3.3.1-4.
                await CloseAsync(MqttDisconnectReasonCode.MalformedPacket, "There is no QoS 3.");
                return null;
            case MqttPublishPacket publish:
                if (publish.TopicAlias > MostTopicAliases)
                {
                    await CloseAsync(MqttDisconnectReasonCode.TopicAliasInvalid, $"A topic alias is at most {MostTopicAliases}.");
                    return null;
                }

                await Session.Meter.TakeAsync(size, cancellationToken);
                (Incoming, IncomingSize) = (publish, size);
                _traffic.ReceivedPublish(publish.Payload.Length);
                break;
            case MqttSubscribePacket { TopicFilters.Count: 0 } or MqttUnsubscribePacket { TopicFilters.Count: 0 }:
                // MQTT-3.8.3-2, MQTT-3.10.3-2.
                await CloseAsync(MqttDisconnectReasonCode.ProtocolError, "There is no topic filter.");
                return null;
            case MqttSubscribePacket subscribe:
                // The server answers in the order of the QoS; a client expects the order of its filters (MQTT-3.8.4-6).
                foreach (var filter in subscribe.TopicFilters)
                {
                    if (!TopicSyntax.IsShared(filter.Topic))
                    {
                        Wishes.Enqueue(filter.QualityOfServiceLevel);
                    }

                    filter.QualityOfServiceLevel = MqttQualityOfServiceLevel.AtMostOnce;
                }

                break;
            case MqttPubRelPacket release:
                Session.Received.TryRemove(release.PacketIdentifier, out _);
                break;
            case MqttPubAckPacket acknowledged:
                Deliveries.Acknowledged(acknowledged);
                break;
        }

        return packet;
    }

    public async Task SendPacketAsync(MqttPacket packet, CancellationToken cancellationToken)
    {
        switch (packet)
        {
            case MqttPubAckPacket or MqttPubRecPacket:
                // Of the server, which knows of no commit; Acknowledgements sends the real one.
                return;
            case MqttConnAckPacket { ReasonCode: MqttConnectReasonCode.Success } accepted:
                Describe(accepted);
                IsAnnounced = true;
                await sessions.ConnectedAsync(this, cancellationToken);
                break;
        }

        await channel.SendPacketAsync(packet, cancellationToken);
        _traffic.Sent();
        if (packet is MqttPublishPacket publish)
        {
            _traffic.SentPublish(publish.Payload.Length);
        }

        if (packet is MqttPingRespPacket or MqttSubAckPacket or MqttUnsubAckPacket or MqttPubCompPacket or MqttPubRelPacket)
        {
            Interlocked.Decrement(ref _unreadAnswers);
        }

        if (packet is MqttSubAckPacket)
        {
            Volatile.Write(ref _isNewReader, 1);
            await sessions.ReceivesAsync(this, cancellationToken);
        }
    }

    /// <summary>Connected: messages can be sent to it.</summary>
    public Task OpenAsync(MqttSessionStatus target)
    {
        Deliveries.Target = target;
        return Session.Filters.Count == 0 ? Task.CompletedTask : sessions.ReceivesAsync(this, CancellationToken.None);
    }

    /// <summary>Past the server.</summary>
    /// <param name="packet">PUBACK or PUBREC.</param>
    /// <param name="isLast">Otherwise it leaves with the next.</param>
    public Task SendAcknowledgementAsync(MqttPacket packet, bool isLast)
    {
        output.IsHeld = !isLast && ClosedFor is null;
        _traffic.Sent();
        return channel.SendPacketAsync(packet, CancellationToken.None);
    }

    /// <summary>Takes the packet of the event that is being handled.</summary>
    public MqttPublishPacket? TakeIncoming()
    {
        var packet = Incoming;
        Incoming = null;
        return packet;
    }

    /// <summary>Says why, to a client that can be told (MQTT 5 section 3.14), and ends the connection. Idempotent.</summary>
    public async Task CloseAsync(MqttDisconnectReasonCode reasonCode, string reason)
    {
        if (Interlocked.Exchange(ref _closing, 1) == 1)
        {
            return;
        }

        ClosedFor = reasonCode;
        output.IsHeld = false;
        try
        {
            if (IsMqtt5 && IsAnnounced)
            {
                using var soon = new CancellationTokenSource(LongestFarewell);
                await channel.SendPacketAsync(new MqttDisconnectPacket { ReasonCode = reasonCode, ReasonString = reason }, soon.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or InvalidOperationException or ArgumentException)
        {
            // The client reads no more: it is cut off without a word. The last is a pipe that the server completes at the same moment.
        }
        finally
        {
            // The server ends it as one that the client has cut; what was written is still sent.
            input.Close();
            _ = AbortLaterAsync();
        }
    }

    public async Task<bool> EndsWithinAsync(TimeSpan time)
    {
        await _ended.Task.WaitAsync(time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return _ended.Task.IsCompleted;
    }

    public Task ConnectAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task DisconnectAsync(CancellationToken cancellationToken)
    {
        // An acknowledgement may be on its way out past the server, and completing the output would write beside it.
        if (!await output.EndAsync(LongestFarewell))
        {
            transport.Abort(new ConnectionAbortedException("closed"));
            await output.EndAsync(LongestFarewell);
        }

        await channel.DisconnectAsync(cancellationToken);
    }

    public void ResetStatistics() => channel.ResetStatistics();

    /// <summary>The server is done with it.</summary>
    public async Task EndAsync()
    {
        try
        {
            if (_admitted is { } admitted)
            {
                admitted.Deliveries.End();
                await sessions.EndedAsync(this);
            }
        }
        finally
        {
            _ended.TrySetResult();
        }
    }

    public void Dispose()
    {
    }

    private async Task AbortLaterAsync()
    {
        // An abort takes back what is still to be sent.
        if (!await EndsWithinAsync(LongestFarewell))
        {
            transport.Abort(new ConnectionAbortedException("closed"));
        }
    }

    /// <summary>What is not said here is as MQTTnet's server says it: no shared subscriptions, all the rest is available.</summary>
    private void Describe(MqttConnAckPacket accepted)
    {
        var limits = Required.Identity.Limits;
        accepted.IsSessionPresent = Session.IsResumed;
        accepted.ReceiveMaximum = limits.InFlight;
        accepted.MaximumPacketSize = (uint)limits.PacketSize;
        accepted.TopicAliasMaximum = MostTopicAliases;
        accepted.SessionExpiryInterval = (uint)Session.Expiry.TotalSeconds;
        accepted.SubscriptionIdentifiersAvailable = false;
        accepted.UserProperties = [.. Required.Identity.Offers.Select(offer => new MqttUserProperty(offer.Key, Encoding.UTF8.GetBytes(offer.Value)))];
    }

    private sealed record Admitted(MqttIdentity Identity, Session Session, Acknowledgements Acknowledgements, Deliveries Deliveries);
}
