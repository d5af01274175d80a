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

    /// <summary>Was connected once. A trigger writes it.</summary>
    public bool Seen { get; init; }
    public DateTimeOffset? RevokedAt { get; set; }
    public string? RevokedBy { get; set; }
    public string? RevocationReason { get; set; }

    public bool IsRevoked => Status == DeviceState.Revoked;

    /// <summary>Refused until it is released; the three above say since when, by whom and why.</summary>
    public bool IsHeld => Status == DeviceState.Held;
}

/// <summary>Values of <c>tenant.devices.status</c>.</summary>
internal static class DeviceState
{
    public const string Enrolled = "enrolled";
    public const string Held = "held";
    public const string Revoked = "revoked";
}

/// <summary>A public key that a device proved to hold.</summary>
internal sealed class DeviceKey
{
    /// <summary>SHA-256 of the SubjectPublicKeyInfo.</summary>
    public required byte[] KeySha256 { get; init; }
    public required string DeviceId { get; init; }
    public required DateTimeOffset FirstUsedAt { get; init; }

    /// <summary>Set when the device was revoked or enrolled anew: the key never gets a certificate again.</summary>
    public DateTimeOffset? RetiredAt { get; set; }
}

/// <summary>A word by which people group devices.</summary>
internal sealed class DeviceTag
{
    public required string DeviceId { get; init; }
    public required string Tag { get; init; }
}

/// <summary>A device came or went. A trigger writes it.</summary>
internal sealed class PresenceChange
{
    public required string DeviceId { get; init; }
    public required long Sequence { get; init; }
    public required DateTimeOffset At { get; init; }
    public required bool Online { get; init; }
}

/// <summary>Whether a device is connected, and the event of its last change. <see cref="Features.Mqtt.DevicePresence"/> writes it.</summary>
internal sealed class DeviceConnection
{
    public required string DeviceId { get; init; }
    public required bool Online { get; init; }
    public required DateTimeOffset Since { get; init; }
    public required Guid EventId { get; init; }
    public required long Sequence { get; init; }

    /// <summary>The event is published.</summary>
    public required bool Told { get; init; }
}
