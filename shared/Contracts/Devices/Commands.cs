using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using IoTPlatform.Contracts.Telemetry;

namespace IoTPlatform.Contracts.Devices;

/// <summary><c>POST /portal/devices/{device_id}/commands</c>.</summary>
public sealed record SendCommandRequest
{
    /// <summary>What the device is to do: letters, digits, <c>_</c>, <c>-</c> and <c>.</c>, at most 64.</summary>
    public required string Name { get; init; }

    /// <summary>Any JSON; left out: the command has none.</summary>
    public JsonElement? Payload { get; init; }

    /// <summary>Seconds until it is given up; 86,400 by default, 30 days at the most.</summary>
    public int TtlSeconds { get; set; } = 86_400;
}

/// <summary>A command and what became of it.</summary>
public sealed record DeviceCommandView
{
    /// <summary>Comes with the command; a device knows a repetition by it.</summary>
    public required long Id { get; init; }
    public required string DeviceId { get; init; }
    public required string Name { get; init; }
    public JsonElement? Payload { get; init; }
    public required CommandState State { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required string CreatedBy { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When the device acknowledged it.</summary>
    public DateTimeOffset? DeliveredAt { get; init; }

    /// <summary>When it was answered, refused, cancelled or given up.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>As the device sent it.</summary>
    public JsonElement? Answer { get; init; }

    /// <summary>Of a refused or cancelled one.</summary>
    public string? Reason { get; init; }
}

[JsonConverter(typeof(SnakeCaseEnum<CommandState>))]
public enum CommandState
{
    /// <summary>The device has not acknowledged it yet.</summary>
    Queued,
    /// <summary>Acknowledged, not answered.</summary>
    Delivered,
    Answered,
    /// <summary>The device can't or will not take it.</summary>
    Refused,
    Cancelled,
    /// <summary>Not answered in time.</summary>
    Expired,
}

/// <summary>What a device gets on <c>devices/{device_id}/commands/{id}</c>: the names are ThingsBoard's.</summary>
public static class CommandFormat
{
    public const string Id = "id";
    public const string Method = "method";
    public const string Params = "params";
    public const string ExpiresAt = "expires_at";

    /// <summary>Bytes of a command's payload.</summary>
    public const int LongestPayload = 16 * 1024;

    public const int LongestName = 64;

    public static bool IsName(string name) => name.Length is > 0 and <= LongestName && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.');
}

/// <summary>The dialect of commands: deep enough for the deepest answer.</summary>
public static class CommandJson
{
    public static JsonTypeInfo<DeviceCommandView> Command { get; } = (JsonTypeInfo<DeviceCommandView>)TelemetryJson.Options.GetTypeInfo(typeof(DeviceCommandView));

    public static JsonTypeInfo<Page<DeviceCommandView>> Page { get; } = (JsonTypeInfo<Page<DeviceCommandView>>)TelemetryJson.Options.GetTypeInfo(typeof(Page<DeviceCommandView>));
}
