namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

internal sealed record TopicPermissionInfo(string Vhost, string User, string Exchange, string Write, string Read);

/// <summary>Regular expressions over routing keys of one exchange. Where a user has none, every topic is allowed.</summary>
internal sealed record TopicPermissionOrder(string Exchange, string Write, string Read);
