using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Devices;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>Whether a token could enrol this device, without using it: what a connection has to show before its request. Refusals count as those of an enrolment.</summary>
internal sealed class EnrollmentAttempt(IDbContextFactory<TenantDbContext> databases, EnrollmentLimits limits, TimeProvider time)
{
    /// <summary>Throws as an enrolment does.</summary>
    public Task RequireAsync(string deviceId, EnrollmentCredential credential, CancellationToken cancellationToken)
    {
        DevicePath.Check(deviceId);
        return limits.RunAsync(deviceId, credential, async () => await IsGoodAsync(deviceId, credential, cancellationToken) ? true : throw EnrollmentGrants.Refused(), cancellationToken);
    }

    private async Task<bool> IsGoodAsync(string deviceId, EnrollmentCredential credential, CancellationToken cancellationToken)
    {
        if (credential.TokenHash is not { } hash)
        {
            return false;
        }

        var now = time.GetUtcNow();
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        // One that is used up may be shown again by the device that used it.
        return await db.EnrollmentTokens.AsNoTracking().AnyAsync(
            t => t.TokenSha256 == hash && t.RevokedAt == null && t.ExpiresAt > now && (t.DeviceId == null || t.DeviceId == deviceId), cancellationToken);
    }
}
