using System.Text.Json.Serialization;

namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(VhostInfo))]
[JsonSerializable(typeof(VhostOrder))]
[JsonSerializable(typeof(UserInfo))]
[JsonSerializable(typeof(UserOrder))]
[JsonSerializable(typeof(PermissionInfo[]))]
[JsonSerializable(typeof(PermissionOrder))]
[JsonSerializable(typeof(TopicPermissionInfo[]))]
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
