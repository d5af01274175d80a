namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

internal sealed record ApiError(string? Error, string? Reason);
