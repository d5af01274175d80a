namespace IoTPlatform.Mqtt;

/// <summary>An authenticated client, with everything it may do.</summary>
public sealed record MqttIdentity
{
    /// <summary>Unique in the broker: one session per name, and a session is taken over by the same name only.</summary>
    public required string Name { get; init; }

    /// <summary>The only client id it may use; one that it leaves empty is assigned.</summary>
    public required string ClientId { get; init; }

    public required AccessPolicy Access { get; init; }

    public MqttLimits Limits { get; init; } = MqttLimits.Default;

    /// <summary>An operator who reads the broker's statistics: no client whose presence or messages the host has to know of.</summary>
    public bool ReadsStatistics { get; init; }

    /// <summary>Serial number of its certificate; null: it came with a password.</summary>
    public string? CertificateSerial { get; init; }

    /// <summary>What the authenticator knows besides, for the message store.</summary>
    public object? Credential { get; init; }

    /// <summary>User properties of CONNACK (MQTT 5 section 3.2.2.3.10): what the host offers beyond the standard.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Offers { get; init; } = [];

    /// <summary>When its certificate ends, and the connection with it.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>What one identity may cost, from its plan.</summary>
public sealed record MqttLimits
{
    public static MqttLimits Default { get; } = new();

    /// <summary>Bytes of a packet, in both directions.</summary>
    public int PacketSize { get; init; } = 128 * 1024;

    /// <summary>Beyond it the connection is read more slowly.</summary>
    public int MessagesPerSecond { get; init; } = 1000;

    /// <summary>Beyond it the connection is read more slowly.</summary>
    public int BytesPerSecond { get; init; } = 1024 * 1024;

    /// <summary>Messages not acknowledged yet, in both directions: Receive Maximum (MQTT 5 section 3.2.2.3.3).</summary>
    public ushort InFlight { get; init; } = 256;

    /// <summary>Payload not acknowledged yet.</summary>
    public int InFlightBytes { get; init; } = 2 * 1024 * 1024;

    /// <summary>Messages waiting for a slow client.</summary>
    public int Queue { get; init; } = 100;

    public int Subscriptions { get; init; } = 16;

    /// <summary>For how long a session outlives its connection, if the client wants that.</summary>
    public TimeSpan SessionExpiry { get; init; } = TimeSpan.FromHours(1);
}
