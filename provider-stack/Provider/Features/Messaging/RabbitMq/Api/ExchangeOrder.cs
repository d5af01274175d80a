namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

internal sealed record ExchangeOrder(string Type, bool Durable);
