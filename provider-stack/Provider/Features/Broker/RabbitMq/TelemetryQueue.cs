using System.Text.Json.Nodes;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Api;
using IoTPlatform.Provider.Features.Telemetry.Ingest;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq;

/// <summary>Where a tenant's telemetry waits for the provider, in the tenant's vHost.</summary>
internal static class TelemetryQueue
{
    public const string Name = "telemetry";

    /// <summary>What could not be stored, with the reason; and the exchange that leads there, so that the right to write there is no right to write elsewhere.</summary>
    public const string Dead = "telemetry.dead";

    /// <summary>What leads into <see cref="Name"/>: everything that bridges publish.</summary>
    public static IReadOnlyList<string> RoutingKeys { get; } = ["telemetry.#", "events.#", "status.#", "commands.*.*.response"];

    /// <summary>Per vHost: policies instead of queue arguments, because they can be changed.</summary>
    public static IReadOnlyDictionary<string, PolicyInfo> Policies { get; } = new Dictionary<string, PolicyInfo>(StringComparer.Ordinal)
    {
        // Full: a publish is not acknowledged, so the bridge keeps the message. Dropping would lose what was acknowledged.
        ["iot-telemetry"] = Policy("^telemetry$", ("max-length-bytes", 1L << 30), ("overflow", "reject-publish")),
        ["iot-telemetry-dead"] = Policy(@"^telemetry\.dead$", ("max-length", 10_000), ("max-length-bytes", 64L << 20), ("message-ttl", 14L * 24 * 3600 * 1000)),
        // What waits for a bridge that is away.
        ["iot-bridge"] = Policy("^mqtt-subscription-", ("max-length-bytes", 64L << 20)),
    };

    private static PolicyInfo Policy(string pattern, params ReadOnlySpan<(string Name, JsonNode Value)> arguments)
    {
        var definition = new JsonObject();
        foreach (var (name, value) in arguments)
        {
            definition[name] = value;
        }

        return new PolicyInfo(pattern, definition, Priority: 0);
    }
}

/// <summary>What reading a tenant's telemetry takes: its queue, the exchange that leads to what can't be stored, and the one that leads to its bridge. Nothing else in the vHost.</summary>
internal static class TelemetryRights
{
    public static PermissionOrder Permission { get; } = new(Configure: "^$", Write: @"^(telemetry\.dead|amq\.topic)$", Read: "^telemetry$");

    /// <summary>To a device's commands, and behind what waits in the queue: never a message as if it came from the bridge.</summary>
    public static TopicPermissionOrder Topics { get; } = new(BridgeRights.Exchange, Write: $@"^(commands\.[^.]+\.[^.]+|{QueuedCheckpoints.RoutingKey})$", Read: "^$");
}
