using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>
/// Requests to join that wait for an admin. A request makes a tenant that is not known <c>requested</c>; one that is prepared stays so, with its
/// JOIN key, until the request is approved: a stranger changes nothing about it.
/// </summary>
internal sealed class JoinRequests(ProviderDb db, JoinLimits limits, TimeProvider time)
{
    /// <summary>Undecided requests of strangers the provider is willing to keep: of all, and of one address.</summary>
    private const int MostPending = 1000;
    private const int MostPendingOfCaller = 10;

    /// <summary>Idempotent for the same Sub-CA key. Throws 409 when the tenant can't ask now, 429 when the caller asks too often or too many requests wait.</summary>
    public async Task AskAsync(string tenantId, JoinSubmission submission, string caller, CancellationToken cancellationToken)
    {
        if (await CurrentJoin.FindAsync(db, tenantId, cancellationToken) is { } known
            && known.Join.SubCaKeySha256.AsSpan().SequenceEqual(submission.SubCa.SubjectPublicKeyInfoSha256) && StatusOf(known.Tenant, known.Join) != TenantStatus.Rejected)
        {
            return;
        }

        limits.Requests.Reserve(caller);
        await RequireRoomAsync(caller, cancellationToken);
        var join = JoinRows.Create(tenantId, JoinOrigin.Request, submission, time.GetUtcNow());
        join.AskedFrom = caller;
        try
        {
            if (!await RecordAsync(join, cancellationToken))
            {
                throw Conflict(tenantId);
            }
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            throw Conflict(tenantId);
        }
    }

    /// <summary>The request of this tenant that waits for a decision; null: none does.</summary>
    public async Task<JoinRequestView?> FindWaitingAsync(string tenantId, CancellationToken cancellationToken) =>
        await CurrentJoin.FindAsync(db, tenantId, cancellationToken) is { } current && StatusOf(current.Tenant, current.Join) == TenantStatus.Requested ? JoinRequestView.Of(current.Join) : null;

    /// <summary>Throws 409 <c>no_join_request</c> unless a request waits, 409 <c>join_request_changed</c> when it is another key's than was compared.</summary>
    /// <param name="tenantId">Whose request.</param>
    /// <param name="decision">Joining or Rejected.</param>
    /// <param name="reason">Sent to a tenant that is rejected.</param>
    /// <param name="admin">Who decides.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="comparedKey">Hex SHA-256 of the Sub-CA key that the admin compared; null: none was.</param>
    public async Task DecideAsync(string tenantId, TenantStatus decision, string? reason, string admin, CancellationToken cancellationToken, string? comparedKey = null)
    {
        var now = time.GetUtcNow();
        var decided = await db.RunAuditedAsync(async () =>
        {
            var (tenant, join) = await CurrentJoin.FindAsync(db, tenantId, cancellationToken) ?? throw TenantIds.NotFound(tenantId);
            if (StatusOf(tenant, join) != TenantStatus.Requested)
            {
                return null;
            }

            if (comparedKey is not null && !string.Equals(comparedKey, Convert.ToHexStringLower(join.SubCaKeySha256), StringComparison.OrdinalIgnoreCase))
            {
                throw new ProblemException(
                    StatusCodes.Status409Conflict, "join_request_changed", $"Another Sub-CA key asks to join as {tenantId} now: {Convert.ToHexStringLower(join.SubCaKeySha256)}. Compare that one with the tenant's before approving.");
            }

            if (decision == TenantStatus.Joining)
            {
                await db.JoinKeys.RevokeOpenAsync(tenantId, now, cancellationToken);
            }

            var next = decision == TenantStatus.Rejected && tenant.Status == TenantStatus.Prepared ? TenantStatus.Prepared : decision;
            var changed = await db.Tenants
                .Where(t => t.TenantId == tenantId && t.Status == tenant.Status && t.WorkflowId == join.JoinId)
                .ExecuteUpdateAsync(s => s.SetProperty(t => t.Status, next).SetProperty(t => t.WorkflowRevision, t => t.WorkflowRevision + 1), cancellationToken);
            if (changed == 0)
            {
                return null;
            }

            if (decision == TenantStatus.Rejected)
            {
                await db.Joins.Where(j => j.JoinId == join.JoinId)
                    .ExecuteUpdateAsync(s => s.SetProperty(j => j.RejectedAt, now).SetProperty(j => j.Reason, reason), cancellationToken);
            }

            return new AuditEntry(
                admin, decision == TenantStatus.Joining ? "join.approved" : "join.rejected", tenantId,
                AuditDetails.Of(("reason", reason), ("sub_ca_key_sha256", Convert.ToHexStringLower(join.SubCaKeySha256))));
        }, cancellationToken);
        if (!decided)
        {
            throw new ProblemException(StatusCodes.Status409Conflict, "no_join_request", $"Tenant {tenantId} has no request that waits for a decision.");
        }
    }

    /// <summary>The status sent to the requester: a request for a prepared tenant waits or was rejected while the tenant stays prepared.</summary>
    public static TenantStatus StatusOf(TenantRow tenant, JoinRow join) => tenant.Status switch
    {
        TenantStatus.Prepared when join is { Origin: JoinOrigin.Request, RejectedAt: null } => TenantStatus.Requested,
        TenantStatus.Prepared when join.RejectedAt is not null => TenantStatus.Rejected,
        var status => status,
    };

    private async Task RequireRoomAsync(string caller, CancellationToken cancellationToken)
    {
        var waiting =
            from tenant in db.Tenants
            join row in db.Joins on tenant.WorkflowId equals row.JoinId
            where (tenant.Status == TenantStatus.Requested || tenant.Status == TenantStatus.Prepared) && row.Origin == JoinOrigin.Request && row.RejectedAt == null
            select row;
        if (await waiting.CountAsync(cancellationToken) >= MostPending || await waiting.CountAsync(row => row.AskedFrom == caller, cancellationToken) >= MostPendingOfCaller)
        {
            throw new ProblemException(StatusCodes.Status429TooManyRequests, "too_many_requests", "Too many requests to join wait for a decision.", TimeSpan.FromMinutes(10));
        }
    }

    private Task<bool> RecordAsync(JoinRow join, CancellationToken cancellationToken) => db.RunAuditedAsync(async () =>
    {
        // FOR UPDATE, which LINQ lacks.
        var tenant = await db.Tenants.FromSql($"SELECT * FROM provider.tenants WHERE tenant_id = {join.TenantId} FOR UPDATE").SingleOrDefaultAsync(cancellationToken);
        if (tenant is not null && !await MayBeAskedForAsync(tenant, cancellationToken))
        {
            return null;
        }

        if (tenant is null)
        {
            db.Tenants.Add(tenant = new TenantRow { TenantId = join.TenantId, DisplayName = join.TenantId, Status = TenantStatus.Requested, CreatedAt = join.CreatedAt });
        }

        await db.SaveChangesAsync(cancellationToken);
        db.Joins.Add(join);
        tenant.Status = tenant.Status == TenantStatus.Prepared ? TenantStatus.Prepared : TenantStatus.Requested;
        tenant.WorkflowId = join.JoinId;
        tenant.WorkflowRevision++;
        return new AuditEntry("anonymous", "join.requested", join.TenantId, AuditDetails.Of(("address", join.AskedFrom), ("sub_ca_key_sha256", Convert.ToHexStringLower(join.SubCaKeySha256))));
    }, cancellationToken);

    private async Task<bool> MayBeAskedForAsync(TenantRow tenant, CancellationToken cancellationToken) => tenant.Status switch
    {
        TenantStatus.Rejected => true,
        TenantStatus.Prepared => await CurrentJoin.FindAsync(db, tenant.TenantId, cancellationToken) is not { } current || StatusOf(tenant, current.Join) != TenantStatus.Requested,
        _ => false,
    };

    private static ProblemException Conflict(string tenantId) =>
        new(StatusCodes.Status409Conflict, "join_request_refused", $"Tenant {tenantId} can't ask to join now: another request waits, or it has joined.");
}
