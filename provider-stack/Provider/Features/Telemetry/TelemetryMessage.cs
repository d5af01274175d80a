namespace IoTPlatform.Provider.Features.Telemetry;

/// <summary>A message that can be stored. Not a record: a payload is nothing to print.</summary>
internal sealed class TelemetryMessage
{
    public required string TenantId { get; init; }
    public required string DeviceId { get; init; }
    public required string Topic { get; init; }

    /// <summary>Its own timestamp, else <see cref="ReceivedAt"/>.</summary>
    public required DateTimeOffset SentAt { get; init; }
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>Topic and payload, as 16 bytes.</summary>
    public required byte[] Identity { get; init; }

    /// <summary>JSON.</summary>
    public required string Payload { get; init; }

    /// <summary>Whether tenant, topic and payload alone tell it from every other message.</summary>
    public required bool HasTimestamp { get; init; }
}
