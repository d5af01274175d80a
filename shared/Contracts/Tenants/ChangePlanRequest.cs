namespace IoTPlatform.Contracts.Tenants;

/// <summary><c>POST /portal/admin/tenants/{id}/plan</c>.</summary>
public sealed record ChangePlanRequest
{
    public required string Plan { get; init; }
}
