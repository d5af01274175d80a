namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

internal sealed record BindingInfo(string RoutingKey, string PropertiesKey);

/// <param name="DestinationType"><c>queue</c> or <c>exchange</c>.</param>
internal sealed record Binding(string Source, string Destination, string DestinationType);

internal sealed record BindingOrder(string RoutingKey);
