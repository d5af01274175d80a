namespace IoTPlatform.Agent;

/// <summary>What a device has to know about itself and its tenant; no secret.</summary>
public sealed record DeviceSettings
{
    public required Uri TenantUrl { get; init; }
    public required string DeviceId { get; init; }

    /// <summary>The tenant's SPIFFE trust domain, pinned at enrolment: whose server the agent talks to, and whose certificate it takes. Null in folders of earlier versions.</summary>
    public string? TrustDomain { get; init; }
    public string? DeviceName { get; init; }
    public string? DeviceType { get; init; }
}
