namespace IoTPlatform.Contracts.Identity;

/// <summary>What a tenant's realm signs in to the provider's with. A class, not a record: it carries a secret.</summary>
public sealed class FederationCredentials
{
    /// <summary>Code of the refusal (409) of a provider that has none.</summary>
    public const string NoIdentityProvider = "no_identity_provider";

    public required string CdmIdpClientId { get; init; }
    public required string CdmIdpClientSecret { get; init; }
    public required string CdmDiscoveryUrl { get; init; }
}
