using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

/// <param name="Pattern">Regular expression over names.</param>
/// <param name="Definition">Queue arguments, flat.</param>
internal sealed record PolicyInfo(string Pattern, JsonObject Definition, int Priority)
{
    [JsonPropertyName("apply-to")]
    public string ApplyTo { get; init; } = "queues";
}
