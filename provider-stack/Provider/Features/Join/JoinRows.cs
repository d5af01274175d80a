using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>How both ways in write a join.</summary>
internal static class JoinRows
{
    public static JoinRow Create(string tenantId, JoinOrigin origin, JoinSubmission submission, DateTimeOffset now) => new()
    {
        JoinId = Guid.CreateVersion7(now),
        TenantId = tenantId,
        Origin = origin,
        SubCaCsr = submission.SubCa.Der.ToArray(),
        SubCaKeySha256 = submission.SubCa.SubjectPublicKeyInfoSha256,
        SubCaPublicKey = submission.SubCa.SubjectPublicKeyInfo.ToArray(),
        BridgeCsr = submission.Bridge.Der.ToArray(),
        BridgeKeySha256 = submission.Bridge.SubjectPublicKeyInfoSha256,
        WgPubkey = submission.WgPubkey,
        KeycloakUrl = submission.KeycloakUrl,
        PortalUrl = submission.PortalUrl,
        CreatedAt = now,
    };

    /// <summary>The tenant's workflow is this join now. False when the tenant is being removed.</summary>
    public static async Task<bool> MakeCurrentAsync(ProviderDb db, JoinRow join, CancellationToken cancellationToken) =>
        await db.Tenants
            .Where(t => t.TenantId == join.TenantId && t.Status != TenantStatus.Removing)
            .ExecuteUpdateAsync(
                s => s.SetProperty(t => t.Status, TenantStatus.Joining)
                    .SetProperty(t => t.WorkflowId, join.JoinId)
                    .SetProperty(t => t.WorkflowRevision, t => t.WorkflowRevision + 1)
                    .SetProperty(t => t.WorkflowWokenAt, (DateTimeOffset?)null),
                cancellationToken) == 1;

    /// <summary>Same keys and settings; a CSR made anew for the same key is no difference.</summary>
    public static bool Differs(JoinRow join, JoinSubmission submission) =>
        !join.BridgeKeySha256.AsSpan().SequenceEqual(submission.Bridge.SubjectPublicKeyInfoSha256)
        || !string.Equals(join.WgPubkey, submission.WgPubkey, StringComparison.Ordinal)
        || !string.Equals(join.KeycloakUrl, submission.KeycloakUrl, StringComparison.Ordinal)
        || !string.Equals(join.PortalUrl, submission.PortalUrl, StringComparison.Ordinal);

    public static void Replace(JoinRow join, JoinSubmission submission)
    {
        join.BridgeCsr = submission.Bridge.Der.ToArray();
        join.BridgeKeySha256 = submission.Bridge.SubjectPublicKeyInfoSha256;
        join.WgPubkey = submission.WgPubkey;
        join.KeycloakUrl = submission.KeycloakUrl;
        join.PortalUrl = submission.PortalUrl;
    }

    public static string Details(JoinRow join) => AuditDetails.Of(
        ("join", join.JoinId.ToString()),
        ("sub_ca_key_sha256", Convert.ToHexStringLower(join.SubCaKeySha256)),
        ("bridge_key_sha256", Convert.ToHexStringLower(join.BridgeKeySha256)),
        ("wg_pubkey", join.WgPubkey),
        ("keycloak_url", join.KeycloakUrl),
        ("portal_url", join.PortalUrl));
}

internal static class CurrentJoin
{
    /// <summary>The tenant and the join it stands at; null when there is no such tenant or it never asked to join.</summary>
    public static async Task<(TenantRow Tenant, JoinRow Join)?> FindAsync(ProviderDb db, string tenantId, CancellationToken cancellationToken)
    {
        var found = await (
            from tenant in db.Tenants.AsNoTracking()
            where tenant.TenantId == tenantId
            join row in db.Joins.AsNoTracking() on tenant.WorkflowId equals row.JoinId
            select new { tenant, row }).SingleOrDefaultAsync(cancellationToken);
        return found is null ? null : (found.tenant, found.row);
    }
}

/// <summary>The join on which a tenant stands: the one that it confirmed last, also while another one is under way.</summary>
internal static class LastConfirmedJoin
{
    /// <param name="current">The tenant's workflow: of two joins confirmed at one moment it is the later one.</param>
    public static Task<JoinRow?> FindAsync(ProviderDb db, string tenantId, Guid? current, CancellationToken cancellationToken) => db.Joins.AsNoTracking()
        .Where(j => j.TenantId == tenantId && j.ConfirmedAt != null)
        .OrderByDescending(j => j.JoinId == current).ThenByDescending(j => j.ConfirmedAt).ThenByDescending(j => j.CreatedAt)
        .FirstOrDefaultAsync(cancellationToken);
}
