using System.Globalization;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Certificates;
using IoTPlatform.Provider.Features.RevocationList;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Emergencies;

/// <summary>
/// A tenant's Sub-CA key is in other hands, and its bridge key is not: every Sub-CA of the tenant is revoked, for each key can have vouched for the next
/// (sub-ca/rotate), and the tenant makes another key by itself. It is not suspended. The target is the tenant, for a look, or the serial number of one of them.
/// </summary>
internal sealed class SubCaEmergency(Authority authority, TenantCertificates certificates, IDbContextFactory<ProviderDb> contexts, TenantLocks locks, TimeProvider time) : IEmergency
{
    public string Kind => "sub-ca";

    public async Task<EmergencyPlan> PlanAsync(string target, CancellationToken cancellationToken)
    {
        var record = await TenantTarget.FindAsync(target, Profiles.TenantSubCa, authority, certificates, cancellationToken);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var keys = await KeysAsync(record, cancellationToken);
        var suspended = await db.Tenants.AnyAsync(t => t.TenantId == record.Tenant && t.SuspendedAt != null, cancellationToken);
        return new EmergencyPlan
        {
            Selection = new CertificateSelection { PublicKeysSha256 = keys, Profile = Profiles.TenantSubCa.Name },
            Target = record.Serial,
            Consequences =
            [
                $"No certificate that this Sub-CA signed is good any more: every device and service of tenant {record.Tenant}.",
                .. keys.Count > 1
                    ? [string.Create(CultureInfo.InvariantCulture, $"The tenant has {keys.Count} Sub-CA keys, and all of them end: whoever had one could let it vouch for another.")]
                    : Array.Empty<string>(),
                "The tenant learns of it within 15 seconds, makes another key and gets another Sub-CA over its bridge; its devices renew against that one when they connect again, within an hour at the latest.",
                $"Is the bridge key in other hands, too (they are on one machine)? Then revoke the Sub-CA instead, which suspends the tenant: iot ca revoke {record.Serial}.",
                .. suspended ? [$"Tenant {record.Tenant} is suspended: it makes another key when it is resumed (iot tenants resume)."] : Array.Empty<string>(),
            ],
            StillTrusted =
            [
                new TrustAfterwards("devices and operators with a list of revoked Sub-CAs from before", RevokedSubCaList.Lifetime),
                new TrustAfterwards("this tenant, for certificates on its own record, until its devices have renewed", For: null, record.NotAfter),
            ],
        };
    }

    public async Task RunAsync(EmergencyOrder order, CancellationToken cancellationToken)
    {
        var reason = order.ReasonCode ?? RevocationReason.CaCompromise;
        if (reason.LeavesKeyTrusted())
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "reason_code", "With this reason the key stays trusted, so there is no emergency: let the tenant rotate (iot tenant rotate).");
        }

        var record = await TenantTarget.RequireSerialAsync(order.Target, Profiles.TenantSubCa, authority, cancellationToken);
        var now = time.GetUtcNow();
        // No Sub-CA that such a key has vouched for is being signed meanwhile.
        await using var held = await locks.AcquireAsync(record.Tenant!, cancellationToken);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Tenants.Where(t => t.TenantId == record.Tenant && t.Status != TenantStatus.Removing)
            .ExecuteUpdateAsync(s => s.SetProperty(t => t.RekeySince, now), cancellationToken);
        var named = await TenantTarget.RequireSerialAsync(order.Target, Profiles.TenantSubCa, authority, cancellationToken);
        if (IsDistrusted(named))
        {
            return; // It was done before: the tenant may have its new key.
        }

        if (named is { IsRevoked: true, IsOnHold: false })
        {
            // A thief's own Sub-CA can have retired it. Repeated, the act could not be told from a new one.
            throw new ProblemException(
                StatusCodes.Status409Conflict, "sub_ca_retired", $"This Sub-CA was retired before. Name a valid one: a look at {record.Tenant} shows it, and the act ends every Sub-CA of the tenant.");
        }

        var revoked = await authority.RevokeTenantAsync(
            new TenantRevocation { Tenant = record.Tenant!, Profile = Profiles.TenantSubCa, ReasonCode = reason, Reason = order.Reason, By = order.By }, db.Connection(), cancellationToken);
        if (revoked.Count == 0)
        {
            return;
        }

        await db.AppendAuditAsync(
            new AuditEntry(order.By, "sub_ca.compromised", record.Tenant!, AuditDetails.Of(("serial", SerialNumber.ToHex(record.SerialNumber)), ("reason_code", (int)reason), ("reason", order.Reason))),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static bool IsDistrusted(CertificateRecord record) => record.ReasonCode is { } reason && reason != RevocationReason.CertificateHold && !reason.LeavesKeyTrusted();

    /// <summary>SHA-256 of the keys that it hits or has hit: of every Sub-CA that is valid, or that was revoked together with this one.</summary>
    private async Task<IReadOnlyList<byte[]>> KeysAsync(CertificateRecord record, CancellationToken cancellationToken)
    {
        var together = (await authority.ListAsync(
            new CertificateQuery
            {
                Tenant = record.Tenant,
                Profile = Profiles.TenantSubCa.Name,
                ExpiringAfter = time.GetUtcNow(),
                Limit = CertificateQuery.MaxLimit,
            },
            cancellationToken)).Items.Where(c => IsDistrusted(record) ? c.RevokedAt == record.RevokedAt : !c.IsRevoked || c.IsOnHold);
        return [.. together.Append(record).Select(TenantTarget.KeyOf).DistinctBy(Convert.ToHexString, StringComparer.Ordinal)];
    }
}

internal static class EmergencyServices
{
    public static IServiceCollection AddEmergencies(this IServiceCollection services) => services
        .AddSingleton<IEmergency, BridgeEmergency>()
        .AddSingleton<IEmergency, SubCaEmergency>()
        .AddSingleton<IEmergency, IntermediateEmergency>();
}
