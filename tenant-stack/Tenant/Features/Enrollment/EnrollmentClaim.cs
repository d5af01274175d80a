using System.Net;

namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>A committed enrolment that is owed a certificate.</summary>
internal sealed record EnrollmentClaim
{
    public required EnrollmentOrder Order { get; init; }
    public required string AuthorizationId { get; init; }

    /// <summary>Which certificate of this enrolment; a retry in time has the same number and gets the same certificate.</summary>
    public required int Issuance { get; init; }
    public IPAddress? WireGuardAddress { get; init; }

    /// <summary>The device was enrolled with this key before.</summary>
    public required bool IsRetry { get; init; }

    /// <summary>The device came back with another key; the old one's certificates are revoked.</summary>
    public required bool Replaces { get; init; }

    /// <summary>At most 200 characters: 7 + 64 + 1 + 77 (longest authorisation) + 1 + 32 + 1 + digits.</summary>
    public string IdempotencyKey =>
        $"enroll/{Order.DeviceId}/{AuthorizationId}/{Convert.ToHexStringLower(Order.KeySha256.AsSpan(0, 16))}/{Issuance}";
}
