using IoTPlatform.CertificateAuthority;
using IoTPlatform.Database;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Certificates;

/// <summary>Ends certificates of a tenant in the transaction of the operation that demands it. It appends to the audit log, so it comes after every other lock.</summary>
internal sealed class TenantCertificateRevocation(Authority authority)
{
    /// <summary>Everything the tenant has. Nothing of any of its JOINs is issued again.</summary>
    public Task RevokeAllAsync(ProviderDb db, string tenantId, RevocationGrounds grounds, string by, CancellationToken cancellationToken) =>
        RevokeLineagesAsync(db, Order(tenantId, grounds, by), joinId: null, keep: null, cancellationToken);

    /// <summary>Everything that came from this JOIN.</summary>
    public Task RevokeJoinAsync(ProviderDb db, string tenantId, Guid joinId, RevocationGrounds grounds, string by, CancellationToken cancellationToken) =>
        RevokeLineagesAsync(db, Order(tenantId, grounds, by) with { Lineage = JoinLineage.Of(joinId) }, joinId, keep: null, cancellationToken);

    /// <summary>Everything that came from the tenant's other JOINs, but certificates of the same Sub-CA key: revoking those would end the devices' chains and take nothing from the key.</summary>
    public Task RevokeOtherJoinsAsync(ProviderDb db, JoinRow join, RevocationGrounds grounds, string by, CancellationToken cancellationToken) => RevokeLineagesAsync(
        db, Order(join.TenantId, grounds, by) with { ExceptLineage = JoinLineage.Of(join.JoinId), ExceptKey = join.SubCaKeySha256 }, joinId: null, keep: join.JoinId, cancellationToken);

    /// <summary>The certificates of one profile but those with this key; the JOINs go on.</summary>
    /// <param name="db">In a transaction, or with its connection open.</param>
    /// <param name="tenantId">Whose.</param>
    /// <param name="joinId">Those of this JOIN alone; null: of all.</param>
    /// <param name="profile">Which.</param>
    /// <param name="keySha256">What is kept.</param>
    /// <param name="grounds">For the CRL and the audit log.</param>
    /// <param name="by">For the audit log.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task RevokeOtherKeysAsync(
        ProviderDb db, string tenantId, Guid? joinId, CertificateProfile profile, byte[] keySha256, RevocationGrounds grounds, string by, CancellationToken cancellationToken) =>
        authority.RevokeTenantAsync(
            Order(tenantId, grounds, by) with { Lineage = joinId is { } join ? JoinLineage.Of(join) : null, Profile = profile, ExceptKey = keySha256 }, db.Connection(), cancellationToken);

    private async Task RevokeLineagesAsync(ProviderDb db, TenantRevocation order, Guid? joinId, Guid? keep, CancellationToken cancellationToken)
    {
        // Also those from which nothing has been issued yet: a step that is signing right now comes too late.
        var joins = await db.Joins
            .Where(j => j.TenantId == order.Tenant && (joinId == null || j.JoinId == joinId) && (keep == null || j.JoinId != keep))
            .Select(j => j.JoinId).ToListAsync(cancellationToken);
        await authority.RevokeTenantAsync(order with { EndedLineages = [.. joins.Select(JoinLineage.Of)] }, db.Connection(), cancellationToken);
    }

    private static TenantRevocation Order(string tenantId, RevocationGrounds grounds, string by) => new() { Tenant = tenantId, ReasonCode = grounds.Reason, Reason = grounds.Text, By = by };
}

/// <summary>Why the provider revokes by itself: the reason, and what it means here.</summary>
internal sealed record RevocationGrounds(RevocationReason Reason, string Text)
{
    public static RevocationGrounds Superseded(string text) => new(RevocationReason.Superseded, text);

    public static RevocationGrounds CessationOfOperation(string text) => new(RevocationReason.CessationOfOperation, text);
}
