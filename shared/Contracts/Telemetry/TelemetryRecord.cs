using System.Text.Json;

namespace IoTPlatform.Contracts.Telemetry;

/// <summary>One stored telemetry message.</summary>
public sealed record TelemetryRecord
{
    public required string DeviceId { get; init; }

    /// <summary>MQTT topic.</summary>
    public required string Topic { get; init; }

    /// <summary>The message's own timestamp; without one, when it was received.</summary>
    public required DateTimeOffset SentAt { get; init; }
    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>As the device sent it.</summary>
    public required JsonElement Payload { get; init; }
}
