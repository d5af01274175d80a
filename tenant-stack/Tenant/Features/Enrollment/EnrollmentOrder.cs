using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Features.Devices;
using IoTPlatform.Tenant.Features.WireGuard;

namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>A decoded and valid request to enrol, not yet authorised.</summary>
internal sealed record EnrollmentOrder
{
    public required string DeviceId { get; init; }
    public required CertificateSigningRequest Csr { get; init; }
    public string? DeviceName { get; init; }
    public string? DeviceType { get; init; }

    /// <summary>Base64, canonical.</summary>
    public string? WireGuardKey { get; init; }

    public byte[] KeySha256 => Csr.SubjectPublicKeyInfoSha256;

    public static EnrollmentOrder Decode(string deviceId, EnrollRequest request, Func<string, string> spiffeIdOf) => new()
    {
        DeviceId = DevicePath.Check(deviceId),
        Csr = DeviceCsr.Parse(request.Csr, deviceId, spiffeIdOf(deviceId)),
        DeviceName = OptionalText.Check(request.DeviceName, "device_name", 128),
        DeviceType = OptionalText.Check(request.DeviceType, "device_type", 64),
        WireGuardKey = request.WgPublicKey is { } key ? WireGuardPublicKey.Check(key) : null,
    };
}
