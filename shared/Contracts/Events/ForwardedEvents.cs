using System.Text.Json;

namespace IoTPlatform.Contracts.Events;

/// <summary><c>POST /portal/admin/tenants/{tenant_id}/events</c>, mTLS with the bridge certificate: what happened on a tenant's own stack.</summary>
public sealed record ForwardedEvents
{
    public const int MaxEvents = 500;

    /// <summary>Of the whole body.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>Each a <see cref="PlatformEvent"/>, in order.</summary>
    public required IReadOnlyList<JsonElement> Events { get; init; }
}

/// <summary><c>GET /portal/admin/tenants/{tenant_id}/events/subscriptions</c>, mTLS with the bridge certificate.</summary>
public sealed record SubscribedEvents
{
    /// <summary>Those a tenant can send that have a subscriber on the platform's bus.</summary>
    public required IReadOnlyList<string> Types { get; init; }
}
