namespace IoTPlatform.Contracts.Join;

/// <summary><c>POST /portal/admin/tenants/{tenant_id}/join-confirm</c>: ends the JOIN key. Idempotent.</summary>
public sealed record JoinConfirmation
{
    /// <summary>A proof JWT (ES256) made with the Sub-CA key: <c>sub</c> = tenant id, <c>aud</c> = this URL, at most 5 minutes.</summary>
    public required string Proof { get; init; }
}
