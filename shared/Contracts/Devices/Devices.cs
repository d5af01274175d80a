using System.Text.Json.Serialization;
using IoTPlatform.Contracts.Certificates;

namespace IoTPlatform.Contracts.Devices;

public sealed record DeviceSummary
{
    public required string DeviceId { get; init; }
    public string? DeviceName { get; init; }
    public string? DeviceType { get; init; }
    public required DeviceStatus Status { get; init; }
    public required DateTimeOffset EnrolledAt { get; init; }
    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>Null if it was never connected, or if this tenant does not poll connections.</summary>
    public DevicePresenceView? Presence { get; init; }

    /// <summary>Null from a tenant of a version before.</summary>
    public IReadOnlyList<string>? Tags { get; init; }
}

public sealed record DeviceDetail
{
    public required string DeviceId { get; init; }
    public string? DeviceName { get; init; }
    public string? DeviceType { get; init; }
    public required DeviceStatus Status { get; init; }
    public required DateTimeOffset EnrolledAt { get; init; }

    /// <summary><c>token:{id}</c> or <c>manufacturer:{certificate hash}</c>; null from a tenant of a version before.</summary>
    public string? EnrolledBy { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }
    public string? RevocationReason { get; init; }

    /// <summary>Null if it was never connected, or if this tenant does not poll connections.</summary>
    public DevicePresenceView? Presence { get; init; }

    /// <summary>Null from a tenant of a version before.</summary>
    public IReadOnlyList<string>? Tags { get; init; }
    public required string SpiffeId { get; init; }
    public string? WireguardAddress { get; init; }
    public string? WireguardPublicKey { get; init; }

    /// <summary>Newest first.</summary>
    public required IReadOnlyList<CertificateSummary> Certificates { get; init; }
}

[JsonConverter(typeof(SnakeCaseEnum<DeviceStatus>))]
public enum DeviceStatus
{
    Enrolled,
    Revoked,
    Held,
}

/// <summary>Whether a device is connected to its tenant's broker.</summary>
public sealed record DevicePresenceView
{
    public required bool Online { get; init; }

    /// <summary>Start of the current state, as far as it was observed.</summary>
    public required DateTimeOffset Since { get; init; }
}
