namespace IoTPlatform.Tenant.Data;

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
