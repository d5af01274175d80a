using System.Text;
using System.Text.Json;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Hosting;

namespace IoTPlatform.Telemetry;

/// <summary>A valid wish for a command.</summary>
/// <param name="Name">What the device is to do.</param>
/// <param name="Payload">JSON.</param>
/// <param name="Lifetime">After which it is given up.</param>
public sealed record CommandOrder(string Name, string? Payload, TimeSpan Lifetime)
{
    private static readonly TimeSpan MaxLifetime = TimeSpan.FromDays(30);

    public static CommandOrder Decode(SendCommandRequest request)
    {
        if (!CommandFormat.IsName(request.Name))
        {
            throw new ProblemException(400, "invalid_command_name", $"A command's name is letters, digits, '_', '-' and '.', at most {CommandFormat.LongestName}.");
        }

        var lifetime = TimeSpan.FromSeconds(request.TtlSeconds);
        if (lifetime <= TimeSpan.Zero || lifetime > MaxLifetime)
        {
            throw new ProblemException(400, "invalid_ttl", $"ttl_seconds lies between 1 and {MaxLifetime.TotalSeconds}.");
        }

        return new CommandOrder(request.Name, request.Payload is { ValueKind: not JsonValueKind.Undefined } payload ? Check(payload.GetRawText()) : null, lifetime);
    }

    private static string Check(string payload)
    {
        var bytes = Encoding.UTF8.GetBytes(payload);
        var refusal = bytes.Length > CommandFormat.LongestPayload ? TelemetryRefusal.TooLong : TelemetryPayload.ReadValue(bytes);
        return refusal is null ? payload : throw new ProblemException(400, refusal, $"A command's payload is JSON text, at most {CommandFormat.LongestPayload} bytes.");
    }
}
