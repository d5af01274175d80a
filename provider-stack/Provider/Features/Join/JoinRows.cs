using IoTPlatform.Contracts.Tenants;
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
        || !string.Equals(join.KeycloakUrl, submission.KeycloakUrl, StringComparison.Ordinal);

    public static void Replace(JoinRow join, JoinSubmission submission)
    {
        join.BridgeCsr = submission.Bridge.Der.ToArray();
        join.BridgeKeySha256 = submission.Bridge.SubjectPublicKeyInfoSha256;
        join.WgPubkey = submission.WgPubkey;
        join.KeycloakUrl = submission.KeycloakUrl;
    }

    public static string Details(JoinRow join) => AuditedTransaction.Details(
        ("join", join.JoinId.ToString()),
        ("sub_ca_key_sha256", Convert.ToHexStringLower(join.SubCaKeySha256)),
        ("bridge_key_sha256", Convert.ToHexStringLower(join.BridgeKeySha256)),
        ("wg_pubkey", join.WgPubkey),
        ("keycloak_url", join.KeycloakUrl));
}
