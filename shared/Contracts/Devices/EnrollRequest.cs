namespace IoTPlatform.Contracts.Devices;

/// <summary><c>POST /devices/{device_id}/enroll</c>, authorised by an enrolment token as bearer or by a manufacturer certificate over mTLS.</summary>
public sealed record EnrollRequest
{
    /// <summary>PKCS#10 (RFC 2986), PEM.</summary>
    public required string Csr { get; init; }
    public string? DeviceName { get; init; }
    public string? DeviceType { get; init; }

    /// <summary>Base64 of the device's 32-byte Curve25519 public key; null: no WireGuard peer.</summary>
    public string? WgPublicKey { get; init; }
}
