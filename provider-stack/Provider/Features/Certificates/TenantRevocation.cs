using IoTPlatform.Pki;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Certificates;

/// <summary>
/// Ends certificates of a tenant in the transaction of the act that demands it, in one statement under a lock that issuing and renewing
/// share: none slips in between. It appends to the audit log, so it comes after every other lock.
/// </summary>
internal static class TenantRevocation
{
    /// <summary>Everything the tenant has. Nothing of any of its JOINs is issued again.</summary>
    public static Task<IReadOnlyList<byte[]>> RevokeAllAsync(ProviderDb db, string tenantId, RevocationGrounds reason, string by, DateTimeOffset now, CancellationToken cancellationToken) =>
        RevokeLineagesAsync(db, tenantId, only: null, keep: null, keepKey: null, reason, by, now, cancellationToken);

    /// <summary>Everything that came from this JOIN.</summary>
    public static Task<IReadOnlyList<byte[]>> RevokeJoinAsync(ProviderDb db, string tenantId, Guid joinId, RevocationGrounds reason, string by, DateTimeOffset now, CancellationToken cancellationToken) =>
        RevokeLineagesAsync(db, tenantId, only: joinId, keep: null, keepKey: null, reason, by, now, cancellationToken);

    /// <summary>Everything that came from the tenant's other JOINs, but certificates of the same Sub-CA key: revoking those would end the devices' chains and take nothing from the key.</summary>
    public static Task<IReadOnlyList<byte[]>> RevokeOtherJoinsAsync(ProviderDb db, JoinRow join, RevocationGrounds reason, string by, DateTimeOffset now, CancellationToken cancellationToken) =>
        RevokeLineagesAsync(db, join.TenantId, only: null, keep: join.JoinId, keepKey: join.SubCaKeySha256, reason, by, now, cancellationToken);

    /// <summary>The certificates of one profile but those with this key; the JOINs go on.</summary>
    /// <param name="joinId">Those of this JOIN alone; null: of all.</param>
    public static Task<IReadOnlyList<byte[]>> RevokeOtherKeysAsync(
        ProviderDb db, string tenantId, Guid? joinId, CertificateProfile profile, byte[] keySha256, RevocationGrounds reason, string by, DateTimeOffset now, CancellationToken cancellationToken) =>
        ExecuteAsync(db, tenantId, joinId, keep: null, profile.Name, keySha256, [], reason, by, now, cancellationToken);

    private static async Task<IReadOnlyList<byte[]>> RevokeLineagesAsync(
        ProviderDb db, string tenantId, Guid? only, Guid? keep, byte[]? keepKey, RevocationGrounds reason, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        // Also those from which nothing has been issued yet: a step that is signing right now comes too late.
        var joins = await db.Joins.Where(j => j.TenantId == tenantId && (only == null || j.JoinId == only) && (keep == null || j.JoinId != keep)).Select(j => j.JoinId).ToListAsync(cancellationToken);
        return await ExecuteAsync(db, tenantId, only, keep, profile: null, keepKey, [.. joins.Select(JoinLineage.Of)], reason, by, now, cancellationToken);
    }

    private static async Task<IReadOnlyList<byte[]>> ExecuteAsync(
        ProviderDb db, string tenantId, Guid? only, Guid? keep, string? profile, byte[]? keepKey, string[] bar, RevocationGrounds reason, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (lineage, kept) = (only is { } o ? JoinLineage.Of(o) : null, keep is { } k ? JoinLineage.Of(k) : null);
        return await db.Database
            .SqlQuery<byte[]>($"SELECT r AS \"Value\" FROM ca.revoke_tenant({now}, {tenantId}, {lineage}, {kept}, {profile}, {keepKey}, {bar}, {(int)reason.Reason}, {reason.Text}, {by}) r")
            .ToListAsync(cancellationToken);
    }
}

/// <summary>Why the provider revokes by itself: the reason, and what it means here.</summary>
internal sealed record RevocationGrounds(RevocationReason Reason, string Text)
{
    public static RevocationGrounds Superseded(string text) => new(RevocationReason.Superseded, text);

    public static RevocationGrounds CessationOfOperation(string text) => new(RevocationReason.CessationOfOperation, text);
}
