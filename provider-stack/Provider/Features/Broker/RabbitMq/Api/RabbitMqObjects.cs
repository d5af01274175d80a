using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq.Api;

internal sealed record VhostInfo(string Name, string? Description, string[]? Tags);

/// <param name="Tags">Comma-separated.</param>
internal sealed record VhostOrder(string Description, string Tags);

/// <summary>A class, not a record: a hash is nothing to print.</summary>
internal sealed class UserInfo
{
    public required string Name { get; init; }

    /// <summary>Empty: no password opens this user.</summary>
    public required string PasswordHash { get; init; }
    public required string[] Tags { get; init; }
}

/// <param name="tags">Comma-separated.</param>
internal sealed class UserOrder(string tags)
{
    public string Tags { get; } = tags;

    /// <summary>As in <see cref="UserInfo"/>.</summary>
    public string PasswordHash { get; init; } = "";

    /// <summary>Of <see cref="PasswordHash"/>, instead of the broker's default.</summary>
    public string HashingAlgorithm { get; } = "rabbit_password_hashing_sha256";
}

internal sealed record PermissionInfo(string Vhost, string User, string Configure, string Write, string Read);

/// <summary>Regular expressions over names of queues and exchanges. Not anchored unless they say so.</summary>
internal sealed record PermissionOrder(string Configure, string Write, string Read);

internal sealed record TopicPermissionInfo(string Vhost, string User, string Exchange, string Write, string Read);

/// <summary>Regular expressions over routing keys of one exchange. Where a user has none, every topic is allowed.</summary>
internal sealed record TopicPermissionOrder(string Exchange, string Write, string Read);

/// <param name="Value">By name; -1 is no limit.</param>
internal sealed record LimitsInfo(Dictionary<string, int> Value);

internal sealed record LimitOrder(int Value);

/// <param name="Pattern">Regular expression over names.</param>
/// <param name="Definition">Queue arguments, flat.</param>
internal sealed record PolicyInfo(string Pattern, JsonObject Definition, int Priority)
{
    [JsonPropertyName("apply-to")]
    public string ApplyTo { get; init; } = "queues";
}

internal sealed record QueueInfo(string Name, bool Durable);

internal sealed record QueueOrder(bool Durable, bool AutoDelete);

internal sealed record ExchangeOrder(string Type, bool Durable);

internal sealed record BindingInfo(string RoutingKey, string PropertiesKey);

/// <param name="DestinationType"><c>queue</c> or <c>exchange</c>.</param>
internal sealed record Binding(string Source, string Destination, string DestinationType);

internal sealed record BindingOrder(string RoutingKey);

/// <summary>Global parameter <c>mqtt_default_vhosts</c>: the vHost of each certificate login.</summary>
internal sealed record MappingParameter(JsonElement Value)
{
    /// <summary>RabbitMQ answers an empty object as an empty list.</summary>
    [JsonIgnore]
    public Dictionary<string, string> Entries => Value.ValueKind == JsonValueKind.Array && Value.GetArrayLength() == 0 ? [] : Value.Deserialize(Map) ?? [];

    public static MappingParameter Of(Dictionary<string, string> entries) => new(JsonSerializer.SerializeToElement(entries, Map));

    private static JsonTypeInfo<Dictionary<string, string>> Map => RabbitMqJson.Default.DictionaryStringString;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(VhostInfo))]
[JsonSerializable(typeof(VhostOrder))]
[JsonSerializable(typeof(UserInfo))]
[JsonSerializable(typeof(UserOrder))]
[JsonSerializable(typeof(PermissionInfo[]))]
[JsonSerializable(typeof(PermissionOrder))]
[JsonSerializable(typeof(TopicPermissionInfo[]))]
[JsonSerializable(typeof(TopicPermissionOrder))]
[JsonSerializable(typeof(LimitsInfo[]))]
[JsonSerializable(typeof(LimitOrder))]
[JsonSerializable(typeof(PolicyInfo))]
[JsonSerializable(typeof(QueueInfo))]
[JsonSerializable(typeof(QueueOrder))]
[JsonSerializable(typeof(ExchangeOrder))]
[JsonSerializable(typeof(Binding[]))]
[JsonSerializable(typeof(BindingInfo[]))]
[JsonSerializable(typeof(BindingOrder))]
[JsonSerializable(typeof(MappingParameter))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class RabbitMqJson : JsonSerializerContext;
