namespace IoTPlatform.Contracts.Identity;

/// <summary>What a tenant's realm signs in to the provider's with. A class, not a record: it carries a secret.</summary>
public sealed class FederationCredentials
{
    public required string CdmIdpClientId { get; init; }
    public required string CdmIdpClientSecret { get; init; }
    public required string CdmDiscoveryUrl { get; init; }
}
