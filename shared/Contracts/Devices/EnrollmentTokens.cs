namespace IoTPlatform.Contracts.Devices;

/// <summary><c>POST /portal/devices/tokens</c>. Members with a default have a setter: generated JSON code would write 0 over it through an init accessor.</summary>
public sealed record CreateEnrollmentTokenRequest
{
    /// <summary>Binds the token to one device id; null for a fleet token.</summary>
    public string? DeviceId { get; init; }

    /// <summary>How many devices may enrol with it; 1 when a device id is given.</summary>
    public int Uses { get; set; } = 1;

    /// <summary>Seconds until it expires; 86,400 by default, 30 days at the most.</summary>
    public int ExpiresInSeconds { get; set; } = 86_400;
    public string? Note { get; init; }
}

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

public sealed record EnrollmentTokenSummary
{
    public required Guid Id { get; init; }
    public string? DeviceId { get; init; }
    public required int Uses { get; init; }
    public required int Used { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }
    public string? Note { get; init; }
}
