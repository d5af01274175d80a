namespace IoTPlatform.Contracts.Events;

/// <summary>Everything a tenant needs was made. Comes again when the tenant changes its request before it confirms.</summary>
public sealed record TenantJoined : TenantEvent
{
    public const string Name = "tenant.joined";

    public override string Type => Name;

    /// <summary>SHA-256 of the Sub-CA's public key, lower-case hex.</summary>
    public required string SubCaKeySha256 { get; init; }
}
