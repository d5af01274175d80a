using IoTPlatform.Contracts.Tenants;

namespace IoTPlatform.Contracts.Join;

/// <summary><c>GET /portal/admin/tenants/{tenant_id}/join-status</c>, authorised by a proof JWT of the requested Sub-CA key as bearer.</summary>
public sealed class JoinRequestStatus
{
    public required string TenantId { get; init; }
    public required TenantStatus Status { get; init; }
    public string? Reason { get; init; }

    /// <summary>Seconds to wait before the next poll; absent once decided.</summary>
    public int? PollAfterSeconds { get; init; }

    /// <summary>Present once every step is done, until the tenant confirms.</summary>
    public JoinBundle? Bundle { get; init; }
}

public sealed record RejectJoinRequest
{
    public required string Reason { get; init; }
}
