namespace IoTPlatform.Tenant.Data;

/// <summary>Which manufacturer certificate a device came with.</summary>
internal sealed class ManufacturerBinding
{
    public required string DeviceId { get; init; }

    /// <summary>Null when the certificate has no serialNumber attribute.</summary>
    public byte[]? SerialSha256 { get; init; }
    public required byte[] KeySha256 { get; init; }
    public required DateTimeOffset BoundAt { get; init; }
}
