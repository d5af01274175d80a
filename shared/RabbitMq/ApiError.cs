namespace IoTPlatform.RabbitMq;

internal sealed record ApiError(string? Error, string? Reason);
