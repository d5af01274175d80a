namespace IoTPlatform.Provider.Features.Messaging.RabbitMq;

/// <summary>A difference, and what removes it.</summary>
internal sealed record RabbitMqChange(BrokerDifference Difference, Func<CancellationToken, Task> ApplyAsync);
