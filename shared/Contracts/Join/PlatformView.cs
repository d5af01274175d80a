namespace IoTPlatform.Contracts.Join;

/// <summary><c>GET /portal/admin/platform</c>: who the provider takes the caller for.</summary>
public sealed record PlatformView
{
    public required string PlatformDomain { get; init; }
    public required string TenantId { get; init; }
    public string? CommonName { get; init; }
    public string? SpiffeId { get; init; }

    /// <summary>Decimal.</summary>
    public string? Serial { get; init; }

    /// <summary>Subject key identifier of the Intermediate CA that signs now, in lower-case hex; null from a provider of a version before.</summary>
    public string? IntermediateKeyId { get; init; }

    /// <summary>Number of the newest list of revoked Sub-CAs.</summary>
    public long? RevokedSubCas { get; init; }
}
