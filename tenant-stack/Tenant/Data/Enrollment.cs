namespace IoTPlatform.Tenant.Data;

/// <summary>One use of an authorisation by one device with one key; a retry finds it and costs nothing.</summary>
internal sealed class Enrollment
{
    public required string AuthorizationId { get; init; }
    public required string DeviceId { get; init; }
    public required byte[] KeySha256 { get; init; }
    public required DateTimeOffset EnrolledAt { get; init; }
    public int Issuance { get; set; } = 1;
    public DateTimeOffset? RenewAfter { get; set; }
}

internal sealed class EnrollmentToken
{
    public required Guid Id { get; init; }
    public required byte[] TokenSha256 { get; init; }

    /// <summary>Null: a fleet token.</summary>
    public string? DeviceId { get; init; }
    public required int Uses { get; init; }
    public int Used { get; set; }
    public string? Note { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required string CreatedBy { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public DateTimeOffset? RevokedAt { get; set; }
    public string? RevokedBy { get; set; }
}

/// <summary>Which manufacturer certificate a device came with.</summary>
internal sealed class ManufacturerBinding
{
    public required string DeviceId { get; init; }

    /// <summary>Null when the certificate has no serialNumber attribute.</summary>
    public byte[]? SerialSha256 { get; set; }
    public required byte[] KeySha256 { get; set; }
    public required DateTimeOffset BoundAt { get; init; }
}
