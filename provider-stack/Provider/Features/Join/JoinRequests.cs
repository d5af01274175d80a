using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>Requests to join that wait for an admin.</summary>
internal sealed class JoinRequests(ProviderDb db, TimeProvider time)
{
    /// <summary>Undecided requests of strangers the provider is willing to keep.</summary>
    private const int MostPending = 100;

    /// <summary>Idempotent for the same Sub-CA key. Throws 409 when the tenant can't ask now, 429 when too many wait.</summary>
    public async Task AskAsync(string tenantId, JoinSubmission submission, string caller, CancellationToken cancellationToken)
    {
        var current = await CurrentJoin.FindAsync(db, tenantId, cancellationToken);
        if (current is { } known && known.Join.SubCaKeySha256.AsSpan().SequenceEqual(submission.SubCa.SubjectPublicKeyInfoSha256) && known.Tenant.Status != TenantStatus.Rejected)
            return;
        if (await db.Tenants.CountAsync(t => t.Status == TenantStatus.Requested, cancellationToken) >= MostPending)
            throw new ProblemException(StatusCodes.Status429TooManyRequests, "too_many_requests", "Too many requests to join wait for a decision.", TimeSpan.FromMinutes(10));
        var join = JoinRows.Create(tenantId, JoinOrigin.Request, submission, time.GetUtcNow());
        try
        {
            if (!await RecordAsync(join, caller, cancellationToken))
                throw Conflict(tenantId);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            throw Conflict(tenantId);
        }
    }

    /// <summary>Throws 409 <c>no_join_request</c> unless a request waits, 409 <c>join_request_changed</c> when it is another key's than was compared.</summary>
    /// <param name="tenantId">Whose request.</param>
    /// <param name="decision">Joining or Rejected.</param>
    /// <param name="reason">Told to a tenant that is rejected.</param>
    /// <param name="admin">Who decides.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="comparedKey">Hex SHA-256 of the Sub-CA key that the admin compared; null: none was.</param>
    public async Task DecideAsync(string tenantId, TenantStatus decision, string? reason, string admin, CancellationToken cancellationToken, string? comparedKey = null)
    {
        var now = time.GetUtcNow();
        var decided = await db.ActAsync(async () =>
        {
            var (_, join) = await CurrentJoin.FindAsync(db, tenantId, cancellationToken) ?? throw TenantIds.NotFound(tenantId);
            if (comparedKey is not null && !string.Equals(comparedKey, Convert.ToHexStringLower(join.SubCaKeySha256), StringComparison.OrdinalIgnoreCase))
                throw new ProblemException(
                    StatusCodes.Status409Conflict, "join_request_changed", $"Another Sub-CA key asks to join as {tenantId} now: {Convert.ToHexStringLower(join.SubCaKeySha256)}. Compare that one with the tenant's before approving.");
            if (decision == TenantStatus.Joining)
                await db.JoinKeys.RevokeOpenAsync(tenantId, now, cancellationToken);
            var changed = await db.Tenants
                .Where(t => t.TenantId == tenantId && t.Status == TenantStatus.Requested && t.WorkflowId == join.JoinId)
                .ExecuteUpdateAsync(s => s.SetProperty(t => t.Status, decision).SetProperty(t => t.WorkflowRevision, t => t.WorkflowRevision + 1), cancellationToken);
            if (changed == 0)
                return null;
            if (decision == TenantStatus.Rejected)
                await db.Joins.Where(j => j.JoinId == join.JoinId)
                    .ExecuteUpdateAsync(s => s.SetProperty(j => j.RejectedAt, now).SetProperty(j => j.Reason, reason), cancellationToken);
            return new AuditEntry(
                admin, decision == TenantStatus.Joining ? "join.approved" : "join.rejected", tenantId,
                AuditedTransaction.Details(("reason", reason), ("sub_ca_key_sha256", Convert.ToHexStringLower(join.SubCaKeySha256))));
        }, cancellationToken);
        if (!decided)
            throw new ProblemException(StatusCodes.Status409Conflict, "no_join_request", $"Tenant {tenantId} has no request that waits for a decision.");
    }

    private Task<bool> RecordAsync(JoinRow join, string caller, CancellationToken cancellationToken) => db.ActAsync(async () =>
    {
        var tenant = await db.Tenants.FromSql($"SELECT * FROM provider.tenants WHERE tenant_id = {join.TenantId} FOR UPDATE").SingleOrDefaultAsync(cancellationToken);
        if (tenant is { Status: not (TenantStatus.Prepared or TenantStatus.Rejected) })
            return null;
        if (tenant is null)
            db.Tenants.Add(tenant = new TenantRow { TenantId = join.TenantId, DisplayName = join.TenantId, Status = TenantStatus.Requested, CreatedAt = join.CreatedAt });
        await db.SaveChangesAsync(cancellationToken);
        db.Joins.Add(join);
        tenant.Status = TenantStatus.Requested;
        tenant.WorkflowId = join.JoinId;
        tenant.WorkflowRevision++;
        return new AuditEntry("anonymous", "join.requested", join.TenantId, AuditedTransaction.Details(("address", caller), ("sub_ca_key_sha256", Convert.ToHexStringLower(join.SubCaKeySha256))));
    }, cancellationToken);

    private static ProblemException Conflict(string tenantId) =>
        new(StatusCodes.Status409Conflict, "join_request_refused", $"Tenant {tenantId} can't ask to join now: another request waits, or it has joined.");
}
