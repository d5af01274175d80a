using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>Turns a credential into a grant, inside the transaction that uses it up.</summary>
internal sealed class EnrollmentGrants(ManufacturerCertificates manufacturers, TimeProvider time)
{
    /// <summary>
    /// Counts one use of the token, unless this device with this key has used it before. The token's row stays locked until the
    /// commit, so N uses are N under any concurrency, and a use that comes to nothing is not counted.
    /// </summary>
    public async Task<EnrollmentGrant> UseAsync(TenantDbContext db, EnrollmentOrder order, EnrollmentCredential credential, CancellationToken cancellationToken)
    {
        if (credential.TokenHash is { } hash)
        {
            return await UseTokenAsync(db, order, hash, cancellationToken);
        }

        if (credential.Certificate is { } certificate)
        {
            return manufacturers.Authorize(certificate, credential.Issuers, order.DeviceId);
        }

        throw Refused();
    }

    // One answer for unknown, expired, revoked and used up: a guesser learns nothing.
    public static ProblemException Refused() =>
        new(401, "enrollment_token_refused", "Enrolment needs a valid enrolment token, or a manufacturer certificate this tenant accepts.");

    private async Task<EnrollmentGrant> UseTokenAsync(TenantDbContext db, EnrollmentOrder order, byte[] hash, CancellationToken cancellationToken)
    {
        // FOR UPDATE, which LINQ lacks.
        var token = await db.EnrollmentTokens
            .FromSql($"SELECT * FROM tenant.enrollment_tokens WHERE token_sha256 = {hash} FOR UPDATE")
            .AsNoTracking().SingleOrDefaultAsync(cancellationToken);
        if (token is null || token.RevokedAt is not null || token.ExpiresAt <= time.GetUtcNow())
        {
            throw Refused();
        }

        if (token.DeviceId is { } bound && bound != order.DeviceId)
        {
            throw new ProblemException(403, "enrollment_token_for_other_device", "This enrolment token is for another device id.");
        }

        var grant = new EnrollmentGrant
        {
            AuthorizationId = $"token:{token.Id}",
            IsBoundToDevice = token.DeviceId is not null,
            ReinstatesIfRevokedBefore = token.DeviceId is not null ? token.CreatedAt : null,
        };
        if (await WasUsedByAsync(db, grant, order, cancellationToken))
        {
            return grant;
        }

        var counted = await db.EnrollmentTokens.Where(t => t.Id == token.Id && t.Used < t.Uses)
            .ExecuteUpdateAsync(t => t.SetProperty(x => x.Used, x => x.Used + 1), cancellationToken);
        return counted == 1 ? grant : throw Refused();
    }

    private static Task<bool> WasUsedByAsync(TenantDbContext db, EnrollmentGrant grant, EnrollmentOrder order, CancellationToken cancellationToken) =>
        db.Enrollments.AnyAsync(e => e.AuthorizationId == grant.AuthorizationId && e.DeviceId == order.DeviceId && e.KeySha256 == order.KeySha256, cancellationToken);
}

/// <summary>An authorisation that holds for this device id.</summary>
internal sealed record EnrollmentGrant
{
    /// <summary><c>token:{id}</c> or <c>manufacturer:{certificate hash}</c>.</summary>
    public required string AuthorizationId { get; init; }

    /// <summary>Names exactly this device, so it may give an enrolled device a new key.</summary>
    public required bool IsBoundToDevice { get; init; }

    /// <summary>An admin made it at this time, so it may bring back a device revoked before; null: it may not.</summary>
    public DateTimeOffset? ReinstatesIfRevokedBefore { get; init; }

    /// <summary>What a manufacturer says of the device; null: a token.</summary>
    public ManufacturerIdentity? Manufacturer { get; init; }
}
