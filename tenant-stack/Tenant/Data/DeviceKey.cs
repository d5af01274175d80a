namespace IoTPlatform.Tenant.Data;

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
