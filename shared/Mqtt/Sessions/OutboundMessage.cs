namespace IoTPlatform.Mqtt;

/// <summary>A message to one client.</summary>
public sealed record OutboundMessage
{
    /// <summary>Not an alias: see <see cref="AccessPolicy"/>.</summary>
    public required string Topic { get; init; }

    public required ReadOnlyMemory<byte> Payload { get; init; }

    /// <summary>With QoS 0 it is delivered when it was sent, else when the client has acknowledged it.</summary>
    public bool AtLeastOnce { get; init; } = true;

    public string? ContentType { get; init; }

    /// <summary>Where the client is to answer (MQTT 5 section 3.3.2.3.5).</summary>
    public string? ResponseTopic { get; init; }

    public ReadOnlyMemory<byte> CorrelationData { get; init; }

    /// <summary>It is not sent later than that (MQTT 5 section 3.3.2.3.3).</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>What became of it. Only a delivered message is no longer the sender's.</summary>
public enum DeliveryOutcome
{
    Delivered,
    /// <summary>Or the connection ended before the acknowledgement.</summary>
    NotConnected,
    NotSubscribed,
    /// <summary>More messages wait for this client than its limits allow.</summary>
    QueueFull,
    /// <summary>Longer than the client accepts.</summary>
    TooLong,
    /// <summary>The client said so (MQTT 5 section 3.4.2.1).</summary>
    Refused,
    Expired,
}
