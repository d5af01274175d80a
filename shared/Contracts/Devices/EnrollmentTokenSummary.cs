namespace IoTPlatform.Contracts.Devices;

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
