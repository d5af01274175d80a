namespace IoTPlatform.Mqtt;

/// <summary>What went over connections, in both directions. Each connection counts for itself, and the sum is made when someone asks.</summary>
internal readonly record struct Traffic
{
    public long MessagesReceived { get; init; }

    public long MessagesSent { get; init; }

    public long PublishReceived { get; init; }

    public long PublishSent { get; init; }

    /// <summary>Payload, as of those sent.</summary>
    public long PublishBytesReceived { get; init; }

    public long PublishBytesSent { get; init; }

    /// <summary>With headers, as of those sent.</summary>
    public long BytesReceived { get; init; }

    public long BytesSent { get; init; }

    public static Traffic operator +(Traffic one, Traffic other) => new()
    {
        MessagesReceived = one.MessagesReceived + other.MessagesReceived,
        MessagesSent = one.MessagesSent + other.MessagesSent,
        PublishReceived = one.PublishReceived + other.PublishReceived,
        PublishSent = one.PublishSent + other.PublishSent,
        PublishBytesReceived = one.PublishBytesReceived + other.PublishBytesReceived,
        PublishBytesSent = one.PublishBytesSent + other.PublishBytesSent,
        BytesReceived = one.BytesReceived + other.BytesReceived,
        BytesSent = one.BytesSent + other.BytesSent,
    };
}

/// <summary>Of one connection.</summary>
internal sealed class TrafficMeter
{
    private long _messagesReceived;
    private long _messagesSent;
    private long _publishReceived;
    private long _publishSent;
    private long _publishBytesReceived;
    private long _publishBytesSent;

    public void Received() => Interlocked.Increment(ref _messagesReceived);

    public void ReceivedPublish(long payload)
    {
        Interlocked.Increment(ref _publishReceived);
        Interlocked.Add(ref _publishBytesReceived, payload);
    }

    public void Sent() => Interlocked.Increment(ref _messagesSent);

    public void SentPublish(long payload)
    {
        Interlocked.Increment(ref _publishSent);
        Interlocked.Add(ref _publishBytesSent, payload);
    }

    public Traffic Read(long bytesReceived, long bytesSent) => new()
    {
        MessagesReceived = Interlocked.Read(ref _messagesReceived),
        MessagesSent = Interlocked.Read(ref _messagesSent),
        PublishReceived = Interlocked.Read(ref _publishReceived),
        PublishSent = Interlocked.Read(ref _publishSent),
        PublishBytesReceived = Interlocked.Read(ref _publishBytesReceived),
        PublishBytesSent = Interlocked.Read(ref _publishBytesSent),
        BytesReceived = bytesReceived,
        BytesSent = bytesSent,
    };
}
