using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>Binds a JOIN key to the Sub-CA key of its first valid use; from then on only that key's holder continues.</summary>
internal sealed class JoinBinder(ProviderDb db, AnonymousRefusals refusals, TimeProvider time)
{
    /// <summary>Throws 409 <c>join_key_bound</c> when another Sub-CA key was first, 401 when the key was ended meanwhile.</summary>
    public async Task BindKeyAsync(JoinKeyRow key, JoinSubmission submission, string caller, CancellationToken cancellationToken)
    {
        if (key.JoinId is null && await TryBindAsync(key, submission, cancellationToken))
        {
            return;
        }

        var join = await (
            from row in db.JoinKeys
            where row.KeyHash == key.KeyHash && row.RevokedAt == null && row.SpentAt == null && row.JoinId != null
            join bound in db.Joins on row.JoinId equals bound.JoinId
            select bound).SingleOrDefaultAsync(cancellationToken) ?? throw JoinKeyAuthenticator.Refusal();
        if (!join.SubCaKeySha256.AsSpan().SequenceEqual(submission.SubCa.SubjectPublicKeyInfoSha256))
        {
            throw await RefuseOtherKeyAsync(join, submission, caller, cancellationToken);
        }

        await UpdateAsync(join, submission, cancellationToken);
    }

    private Task<bool> TryBindAsync(JoinKeyRow key, JoinSubmission submission, CancellationToken cancellationToken) => db.RunAuditedAsync(async () =>
    {
        var join = JoinRows.Create(key.TenantId, JoinOrigin.Key, submission, time.GetUtcNow());
        db.Joins.Add(join);
        await db.SaveChangesAsync(cancellationToken);
        // Two calls at once meet at this row: the second waits, finds the key bound, and changes nothing.
        var bound = await db.JoinKeys
            .Where(k => k.KeyHash == key.KeyHash && k.JoinId == null && k.RevokedAt == null && k.SpentAt == null)
            .ExecuteUpdateAsync(s => s.SetProperty(k => k.JoinId, join.JoinId), cancellationToken);
        if (bound == 0 || !await JoinRows.MakeCurrentAsync(db, join, cancellationToken))
        {
            db.Entry(join).State = EntityState.Detached;
            return null;
        }

        return new AuditEntry("tenant:" + key.TenantId, "join.key_bound", key.TenantId, JoinRows.Details(join));
    }, cancellationToken);

    /// <summary>The holder may come again with another bridge key, address or identity server until the bundle is confirmed.</summary>
    private async Task UpdateAsync(JoinRow join, JoinSubmission submission, CancellationToken cancellationToken)
    {
        if (!JoinRows.Differs(join, submission))
        {
            return;
        }

        var tenantId = join.TenantId;
        await db.RunAuditedAsync(async () =>
        {
            var reopened = await db.Tenants
                .Where(t => t.TenantId == tenantId && t.WorkflowId == join.JoinId && (t.Status == TenantStatus.Joining || t.Status == TenantStatus.Joined))
                .ExecuteUpdateAsync(s => s.SetProperty(t => t.Status, TenantStatus.Joining).SetProperty(t => t.WorkflowRevision, t => t.WorkflowRevision + 1), cancellationToken);
            if (reopened == 0)
            {
                return null;
            }

            JoinRows.Replace(join, submission);
            return new AuditEntry("tenant:" + tenantId, "join.request_changed", tenantId, JoinRows.Details(join));
        }, cancellationToken);
    }

    private async Task<ProblemException> RefuseOtherKeyAsync(JoinRow join, JoinSubmission submission, string caller, CancellationToken cancellationToken)
    {
        await refusals.RecordAsync(
            "join.key_conflict", "bound", join.TenantId, caller, cancellationToken,
            ("bound_key_sha256", Convert.ToHexStringLower(join.SubCaKeySha256)),
            ("presented_key_sha256", Convert.ToHexStringLower(submission.SubCa.SubjectPublicKeyInfoSha256)));
        return new ProblemException(
            StatusCodes.Status409Conflict, "join_key_bound",
            "This JOIN key belongs to another Sub-CA key. If that is not yours, the JOIN key has leaked: tell the provider's administrator.");
    }
}
