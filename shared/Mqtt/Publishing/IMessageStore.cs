using MQTTnet.Protocol;

namespace IoTPlatform.Mqtt;

/// <summary>Where published messages go. The acknowledgement leaves when the task ends, so it ends at the commit.</summary>
public interface IMessageStore
{
    /// <summary>
    /// Called once for each message, in the order of a connection, without waiting for those before. An exception is a failure that may pass:
    /// the message is not acknowledged, and the connection ends so that the client sends it again.
    /// </summary>
    Task<PublishOutcome> StoreAsync(PublishedMessage message, CancellationToken cancellationToken);
}

/// <summary>A message that its publisher may publish under this topic.</summary>
public sealed record PublishedMessage
{
    /// <summary>The same object for all messages of one connection.</summary>
    public required MqttIdentity Publisher { get; init; }

    /// <summary>Aliases are resolved: see <see cref="AccessPolicy"/>.</summary>
    public required string Topic { get; init; }

    /// <summary>A copy of its own.</summary>
    public required ReadOnlyMemory<byte> Payload { get; init; }

    public required MqttQualityOfServiceLevel QualityOfService { get; init; }

    public bool Retain { get; init; }

    /// <summary>The publisher's last will: it is gone already.</summary>
    public bool IsWill { get; init; }

    /// <summary>Its publisher sends it again if it is not acknowledged.</summary>
    public bool ComesAgain => !IsWill && QualityOfService > MqttQualityOfServiceLevel.AtMostOnce;

    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>MQTT 5 only, as those below.</summary>
    public string? ContentType { get; init; }

    public string? ResponseTopic { get; init; }

    public ReadOnlyMemory<byte> CorrelationData { get; init; }

    public IReadOnlyList<KeyValuePair<string, string>> UserProperties { get; init; } = [];
}

/// <summary>What became of a message. Without a reason code it is stored.</summary>
/// <param name="ReasonCode">Of PUBACK or PUBREC (MQTT 5 section 3.4.2.1).</param>
/// <param name="Reason">Reason string, for the publisher.</param>
public readonly record struct PublishOutcome(MqttPubAckReasonCode ReasonCode, string? Reason = null)
{
    public static PublishOutcome Stored { get; }

    public bool IsStored => ReasonCode < MqttPubAckReasonCode.UnspecifiedError;

    /// <summary>
    /// Sending the same again will not help. MQTT 3.1.1 has no negative acknowledgement: it is acknowledged there and discarded, where a
    /// failure that may pass ends the connection.
    /// </summary>
    public bool IsFinal => ReasonCode is MqttPubAckReasonCode.PayloadFormatInvalid or MqttPubAckReasonCode.TopicNameInvalid;

    public static PublishOutcome Refused(MqttPubAckReasonCode reasonCode, string reason) => new(reasonCode, reason);
}
