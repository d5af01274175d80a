namespace IoTPlatform.Contracts.Certificates;

public sealed record RevokeRequest
{
    /// <summary>CRLReason (RFC 5280 section 5.3.1): 0 to 10 without 7; 0 by default.</summary>
    public int ReasonCode { get; init; }
    public string? Reason { get; init; }

    /// <summary>Only for a tenant's Sub-CA: the tenant's id, to confirm that the tenant is meant to be suspended with it.</summary>
    public string? TenantId { get; init; }
}
