namespace IoTPlatform.Contracts.Events;

/// <summary><c>GET /portal/admin/tenants/{tenant_id}/events/subscriptions</c>, mTLS with the bridge certificate.</summary>
public sealed record SubscribedEvents
{
    /// <summary>Those a tenant can send that have a subscriber on the platform's bus.</summary>
    public required IReadOnlyList<string> Types { get; init; }
}
