using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

/// <summary>Global parameter <c>mqtt_default_vhosts</c>: the vHost of each certificate login.</summary>
internal sealed record MappingParameter(JsonElement Value)
{
    /// <summary>RabbitMQ answers an empty object as an empty list.</summary>
    [JsonIgnore]
    public Dictionary<string, string> Entries => Value.ValueKind == JsonValueKind.Array && Value.GetArrayLength() == 0 ? [] : Value.Deserialize(Map) ?? [];

    public static MappingParameter Of(Dictionary<string, string> entries) => new(JsonSerializer.SerializeToElement(entries, Map));

    private static JsonTypeInfo<Dictionary<string, string>> Map => RabbitMqJson.Default.DictionaryStringString;
}
