namespace IoTPlatform.Tenant.Data;

internal sealed class Device
{
    public required string DeviceId { get; init; }
    public string? DeviceName { get; set; }
    public string? DeviceType { get; set; }
    public required string Status { get; set; }
    public required DateTimeOffset EnrolledAt { get; set; }

    /// <summary><c>token:{id}</c> or <c>manufacturer:{certificate hash}</c>.</summary>
    public required string EnrolledBy { get; set; }
    public byte[]? CertificateSerial { get; set; }

    /// <summary>Of the latest certificate; null until there is one.</summary>
    public DateTimeOffset? NotAfter { get; set; }
    public DateTimeOffset? RevokedAt { get; set; }
    public string? RevokedBy { get; set; }
    public string? RevocationReason { get; set; }

    public bool IsRevoked => Status == DeviceState.Revoked;
}
