namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

internal sealed record BindingInfo(string RoutingKey, string PropertiesKey);

internal sealed record BindingOrder(string RoutingKey);
