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
