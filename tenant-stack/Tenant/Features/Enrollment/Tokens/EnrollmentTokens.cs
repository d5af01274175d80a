using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Devices;
using IoTPlatform.Tenant.Features.FirstBoot;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Enrollment.Tokens;

/// <summary>Makes, lists and revokes enrolment tokens.</summary>
internal sealed class EnrollmentTokens(
    IDbContextFactory<TenantDbContext> databases, TenantOptions options, JoinedTenant tenant, Authority authority, TimeProvider time)
{
    public async Task<CreatedEnrollmentToken> CreateAsync(TokenOrder order, string actor, CancellationToken cancellationToken)
    {
        var secret = EnrollmentSecret.Create();
        var now = time.GetUtcNow();
        var token = new EnrollmentToken
        {
            Id = Guid.CreateVersion7(now),
            TokenSha256 = EnrollmentSecret.Hash(secret),
            DeviceId = order.DeviceId,
            Uses = order.Uses,
            Note = order.Note,
            CreatedAt = now,
            CreatedBy = actor,
            ExpiresAt = now + order.Lifetime,
        };
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        db.EnrollmentTokens.Add(token);
        await db.SaveChangesAsync(cancellationToken);
        var details = AuditDetails.Of(("device_id", order.DeviceId), ("uses", order.Uses), ("expires_at", token.ExpiresAt.ToString("O")));
        await db.AppendAuditAsync(new AuditEntry(actor, "enrollment_token.created", token.Id.ToString(), details), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new CreatedEnrollmentToken
        {
            Id = token.Id,
            Token = secret,
            DeviceId = token.DeviceId,
            Uses = token.Uses,
            ExpiresAt = token.ExpiresAt,
            TenantUrl = options.PublicUrl.AbsoluteUri,
            RootFingerprint = authority.RootFingerprint,
            TrustDomain = tenant.TrustDomain,
        };
    }

    /// <summary>Newest first.</summary>
    public async Task<Page<EnrollmentTokenSummary>> ListAsync(Guid? after, int limit, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        // Version 7 ids sort by time of creation.
        var tokens = await db.EnrollmentTokens.AsNoTracking()
            .Where(t => after == null || t.Id < after)
            .OrderByDescending(t => t.Id).Take(limit + 1)
            .Select(t => new EnrollmentTokenSummary
            {
                Id = t.Id,
                DeviceId = t.DeviceId,
                Uses = t.Uses,
                Used = t.Used,
                CreatedAt = t.CreatedAt,
                ExpiresAt = t.ExpiresAt,
                RevokedAt = t.RevokedAt,
                Note = t.Note,
            })
            .ToListAsync(cancellationToken);
        return Paging.Cut(tokens, limit, t => t.Id.ToString());
    }

    /// <summary>Does nothing to one revoked before.</summary>
    public async Task RevokeAsync(Guid id, string actor, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var now = time.GetUtcNow();
        var revoked = await db.EnrollmentTokens.Where(t => t.Id == id && t.RevokedAt == null)
            .ExecuteUpdateAsync(t => t.SetProperty(x => x.RevokedAt, now).SetProperty(x => x.RevokedBy, actor), cancellationToken);
        if (revoked == 0 && !await db.EnrollmentTokens.AnyAsync(t => t.Id == id, cancellationToken))
        {
            throw new ProblemException(404, "enrollment_token_unknown", "There is no enrolment token with this id.");
        }

        if (revoked == 1)
        {
            await db.AppendAuditAsync(new AuditEntry(actor, "enrollment_token.revoked", id.ToString()), cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }
}
