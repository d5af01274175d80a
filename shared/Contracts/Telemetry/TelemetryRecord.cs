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

    /// <summary>As the device sent it; a string with its text where <see cref="PayloadProblem"/> says why it can't be shown as JSON.</summary>
    public required JsonElement Payload { get; init; }

    /// <summary>Of a payload that was stored before such ones were refused: the reason for which it would be now.</summary>
    public string? PayloadProblem { get; init; }
}
