namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

internal sealed record VhostInfo(string Name, string? Description, string[]? Tags);

/// <param name="Tags">Comma-separated.</param>
internal sealed record VhostOrder(string Description, string Tags);
