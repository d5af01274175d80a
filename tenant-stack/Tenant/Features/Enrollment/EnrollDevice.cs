using IoTPlatform.Contracts.Devices;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Features.Devices;
using IoTPlatform.Tenant.Features.WireGuard;

namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>Gives a device its first certificate, or its first again. Knows nothing of HTTP.</summary>
internal sealed class EnrollDevice(
    EnrollmentLimits limits, EnrollmentClaims claims, DeviceCertificates certificates, DeviceAnswer answers, WireGuardPeersFile peers)
{
    public async Task<EnrollResponse> RunAsync(string deviceId, EnrollRequest request, EnrollmentCredential credential, CancellationToken cancellationToken)
    {
        DevicePath.Check(deviceId);
        var claim = await limits.RunAsync(deviceId, credential, () => ClaimAsync(deviceId, request, credential, cancellationToken), cancellationToken);
        var order = claim.Order;
        var certificate = await certificates.IssueAsync(order.DeviceId, order.Csr, claim.IdempotencyKey, cancellationToken);
        if (claim.IsRetry && await certificates.RevocationOfAsync(certificate.SerialNumber, cancellationToken) is { } revoked)
        {
            throw revoked == RevocationReason.CertificateHold
                ? new ProblemException(403, "certificate_on_hold", "The certificate of this enrolment is on hold. An admin can release it.")
                : new ProblemException(403, "certificate_revoked", "The certificate of this enrolment is revoked. Enrol with a new key.");
        }

        if (!await claims.CompleteAsync(claim, certificate.SerialNumber, certificate.NotAfter, DeviceAnswer.RenewAfter(certificate), cancellationToken))
        {
            throw new ProblemException(403, "device_revoked", "This device is revoked.");
        }

        if (claim.WireGuardAddress is not null || claim.Replaces)
        {
            peers.Changed();
        }

        return answers.Create(order.DeviceId, certificate, claim.WireGuardAddress);
    }

    private Task<EnrollmentClaim> ClaimAsync(string deviceId, EnrollRequest request, EnrollmentCredential credential, CancellationToken cancellationToken)
    {
        // Before any cryptography is done for a caller who brought nothing.
        if (credential.IsEmpty)
        {
            throw EnrollmentGrants.Refused();
        }

        certificates.ThrowIfRefusing();
        var order = EnrollmentOrder.Decode(deviceId, request, certificates.SpiffeIdOf);
        certificates.CheckPermitted(order.DeviceId);
        return claims.ClaimAsync(order, credential, cancellationToken);
    }
}

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
