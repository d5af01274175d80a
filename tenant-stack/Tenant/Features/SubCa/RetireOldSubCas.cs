using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Tenant.Features.Bridge;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.SubCa;

/// <summary>
/// Ends a rotation: once every certificate of an earlier Sub-CA has expired, was renewed or revoked, the provider revokes that
/// Sub-CA. Until then both are good; and the provider signs no third one.
/// </summary>
internal sealed class RetireOldSubCas(
    IDbContextFactory<TenantDbContext> databases, Authority authority, CertificateAuthority.SubCa subCa, ProviderLink provider, JoinedTenant tenant, TimeProvider time) : IUpkeepTask
{
    public string Name => "sub-ca-retirement";

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        byte[][] earlier = [.. authority.Issuers.AlsoAccepted.Select(KeyId)];
        if (earlier.Length == 0)
        {
            return false;
        }

        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        if (await AllRetiredAsync(db, earlier, cancellationToken) || await AnyInUseAsync(db, earlier, cancellationToken))
        {
            return false;
        }

        using var key = subCa.EnsureKey();
        await provider.CallAsync(client =>
        {
            var proof = KeyProof.Create(key, tenant.TenantId, client.RetireUrl(tenant.TenantId), time);
            return client.RetireOtherSubCasAsync(tenant.TenantId, new JoinConfirmation { Proof = proof }, cancellationToken);
        });
        await RecordAsync(db, earlier, cancellationToken);
        return true;
    }

    /// <summary>An earlier Sub-CA is still needed: the provider would refuse another rotation.</summary>
    public async Task<bool> IsWaitingAsync(CancellationToken cancellationToken)
    {
        byte[][] earlier = [.. authority.Issuers.AlsoAccepted.Select(KeyId)];
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return !await AllRetiredAsync(db, earlier, cancellationToken);
    }

    private static async Task<bool> AllRetiredAsync(TenantDbContext db, byte[][] keyIds, CancellationToken cancellationToken) =>
        (await db.Database.SqlQuery<int>($"SELECT count(*)::int AS \"Value\" FROM tenant.retired_sub_cas WHERE key_id = ANY ({keyIds})").ToListAsync(cancellationToken)).Single() == keyIds.Length;

    // The service certificate is replaced at once when the issuer changes, so the old one is not waited for.
    private async Task<bool> AnyInUseAsync(TenantDbContext db, byte[][] keyIds, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var service = Profiles.Service.Name;
        return (await db.Database.SqlQuery<bool>($"""
            SELECT EXISTS (
              SELECT FROM ca.certificates c
              WHERE c.issuer_key_id = ANY ({keyIds}) AND c.not_after > {now} AND c.profile <> {service}
                AND NOT EXISTS (SELECT FROM ca.revocations r WHERE r.serial = c.serial)
                AND NOT EXISTS (SELECT FROM ca.certificates n WHERE n.renews = c.serial)) AS "Value"
            """).ToListAsync(cancellationToken)).Single();
    }

    private async Task RecordAsync(TenantDbContext db, byte[][] keyIds, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Database.ExecuteSqlAsync(
            $"INSERT INTO tenant.retired_sub_cas (key_id, retired_at) SELECT k, {now} FROM unnest({keyIds}) k ON CONFLICT DO NOTHING", cancellationToken);
        await db.AppendAuditAsync("system", "sub_ca.retired", "sub-ca", null, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static byte[] KeyId(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifierBytes.ToArray();
}
