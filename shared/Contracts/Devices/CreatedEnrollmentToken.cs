namespace IoTPlatform.Contracts.Devices;

/// <summary>A class, not a record: it carries a secret. The token is shown once and stored only as a hash.</summary>
public sealed class CreatedEnrollmentToken
{
    public required Guid Id { get; init; }
    public required string Token { get; init; }
    public string? DeviceId { get; init; }
    public required int Uses { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Where the device enrols.</summary>
    public required string TenantUrl { get; init; }

    /// <summary>SHA-256 of the platform's root: what the device trusts.</summary>
    public required string RootFingerprint { get; init; }

    /// <summary>The tenant's SPIFFE trust domain: whom the device trusts below that root.</summary>
    public required string TrustDomain { get; init; }
}
