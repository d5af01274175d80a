namespace IoTPlatform.Contracts.Tenants;

/// <summary><c>POST /portal/admin/tenants/{tenant_id}/suspend</c>.</summary>
public sealed record SuspendTenantRequest
{
    /// <summary>For the audit log, 1 to 500 characters.</summary>
    public required string Reason { get; init; }
}
