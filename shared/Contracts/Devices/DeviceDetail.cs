using IoTPlatform.Contracts.Certificates;

namespace IoTPlatform.Contracts.Devices;

public sealed record DeviceDetail
{
    public required string DeviceId { get; init; }
    public string? DeviceName { get; init; }
    public string? DeviceType { get; init; }
    public required DeviceStatus Status { get; init; }
    public required DateTimeOffset EnrolledAt { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }
    public string? RevocationReason { get; init; }

    /// <summary>Null: it never was connected, or this tenant can't tell.</summary>
    public DevicePresenceView? Presence { get; init; }
    public required string SpiffeId { get; init; }
    public string? WireguardAddress { get; init; }
    public string? WireguardPublicKey { get; init; }

    /// <summary>Newest first.</summary>
    public required IReadOnlyList<CertificateSummary> Certificates { get; init; }
}
