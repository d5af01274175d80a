namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

internal sealed record QueueInfo(string Name, bool Durable);

internal sealed record QueueOrder(bool Durable, bool AutoDelete);
