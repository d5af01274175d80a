using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Database;
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
    IDbContextFactory<TenantDbContext> databases, Authority authority, CertificateAuthority.SubCa subCa, ProviderLink provider, JoinedTenant tenant, TimeProvider time) : IMaintenanceTask
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
        // The service certificate is replaced at once when the issuer changes, so the old one is not waited for.
        if (await AllRetiredAsync(db, earlier, cancellationToken) || await authority.IsIssuerInUseAsync(earlier, [Profiles.Service, Profiles.OcspResponder], cancellationToken))
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
        await db.RetiredSubCas.CountAsync(r => keyIds.Contains(r.KeyId), cancellationToken) == keyIds.Length;

    private async Task RecordAsync(TenantDbContext db, byte[][] keyIds, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await db.RunAuditedAsync(async () =>
        {
            var known = await db.RetiredSubCas.Where(r => keyIds.Contains(r.KeyId)).Select(r => r.KeyId).ToListAsync(cancellationToken);
            db.RetiredSubCas.AddRange(keyIds.Where(id => !known.Exists(other => other.AsSpan().SequenceEqual(id))).Select(id => new RetiredSubCa { KeyId = id, RetiredAt = now }));
            return new AuditEntry("system", "sub_ca.retired", "sub-ca");
        }, cancellationToken);
    }

    private static byte[] KeyId(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifierBytes.ToArray();
}
