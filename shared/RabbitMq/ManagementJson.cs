using System.Text.Json.Serialization;

namespace IoTPlatform.RabbitMq;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ApiError))]
[JsonSerializable(typeof(WhoAmI))]
[JsonSerializable(typeof(BrokerConnection[]))]
internal sealed partial class ManagementJson : JsonSerializerContext;
