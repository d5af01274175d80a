namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

/// <param name="Value">By name; -1 is no limit.</param>
internal sealed record LimitsInfo(Dictionary<string, int> Value);

internal sealed record LimitOrder(int Value);
