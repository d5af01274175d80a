using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Certificates;
using IoTPlatform.Provider.Features.RevocationList;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Emergencies;

/// <summary>
/// A tenant's Sub-CA key is in other hands, and its bridge key is not: every Sub-CA certificate of the key is revoked, and the tenant makes another key by itself. It is
/// not suspended. The target is the tenant, for a look, or the serial number of a certificate of the key.
/// </summary>
internal sealed class SubCaEmergency(Authority authority, TenantCertificates certificates, IDbContextFactory<ProviderDb> contexts, TimeProvider time) : IEmergency
{
    public string Kind => "sub-ca";

    public async Task<EmergencyPlan> PlanAsync(string target, CancellationToken cancellationToken)
    {
        var record = await TenantTarget.FindAsync(target, Profiles.TenantSubCa, authority, certificates, cancellationToken);
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        var suspended = await db.Tenants.AnyAsync(t => t.TenantId == record.Tenant && t.SuspendedAt != null, cancellationToken);
        return new EmergencyPlan
        {
            Selection = new CertificateSelection { PublicKeySha256 = TenantTarget.KeyOf(record), Profile = Profiles.TenantSubCa.Name },
            Target = record.Serial,
            Consequences =
            [
                $"No certificate that this Sub-CA signed is good any more: every device and service of tenant {record.Tenant}.",
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
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Tenants.Where(t => t.TenantId == record.Tenant && t.Status != TenantStatus.Removing)
            .ExecuteUpdateAsync(s => s.SetProperty(t => t.RekeySince, now), cancellationToken);
        // With one certificate the ledger revokes every other one of the key.
        var outcome = await authority.RevokeAsync(new Revocation { Serial = record.SerialNumber, ReasonCode = reason, Reason = order.Reason, By = order.By }, db.Connection(), cancellationToken);
        if (outcome != RevocationOutcome.Revoked)
        {
            return; // It was done before: the tenant may have its new key.
        }

        await db.AppendAuditAsync(
            new AuditEntry(order.By, "sub_ca.compromised", record.Tenant!, AuditDetails.Of(("serial", SerialNumber.ToHex(record.SerialNumber)), ("reason_code", (int)reason), ("reason", order.Reason))),
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}

internal static class EmergencyServices
{
    public static IServiceCollection AddEmergencies(this IServiceCollection services) => services
        .AddSingleton<IEmergency, BridgeEmergency>()
        .AddSingleton<IEmergency, SubCaEmergency>()
        .AddSingleton<IEmergency, IntermediateEmergency>();
}
