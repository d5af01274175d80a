namespace IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

internal sealed record PermissionInfo(string Vhost, string User, string Configure, string Write, string Read);

/// <summary>Regular expressions over names of queues and exchanges. Not anchored unless they say so.</summary>
internal sealed record PermissionOrder(string Configure, string Write, string Read);
