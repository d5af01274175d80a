using System.Security.Cryptography;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Features.Certificates;
using IoTPlatform.Provider.Features.Tenants;

namespace IoTPlatform.Provider.Features.Emergencies;

/// <summary>The key of a tenant's bridge is in other hands. The target is the tenant, for a look, or the serial number of its bridge certificate.</summary>
internal sealed class BridgeEmergency(Authority authority, TenantCertificates certificates) : IEmergency
{
    public string Kind => "bridge";

    public async Task<EmergencyPlan> PlanAsync(string target, CancellationToken cancellationToken)
    {
        var record = await TenantTarget.FindAsync(target, Profiles.MqttBridge, authority, certificates, cancellationToken);
        return new EmergencyPlan
        {
            Selection = new CertificateSelection { PublicKeysSha256 = [TenantTarget.KeyOf(record)], Profile = Profiles.MqttBridge.Name },
            Target = record.Serial,
            Consequences =
            [
                $"Tenant {record.Tenant} is off the provider's broker and API at once; its devices go on, and its telemetry waits.",
                $"It comes back with a new bridge key: iot tenants replace-key {record.Tenant}, and start its stack once with the new JOIN key on the same data folder.",
            ],
        };
    }

    public async Task RunAsync(EmergencyOrder order, CancellationToken cancellationToken)
    {
        var record = await TenantTarget.RequireSerialAsync(order.Target, Profiles.MqttBridge, authority, cancellationToken);
        await authority.RevokeKeyAsync(
            new KeyRevocation { PublicKeySha256 = TenantTarget.KeyOf(record), ReasonCode = order.ReasonCode ?? RevocationReason.KeyCompromise, Reason = order.Reason, By = order.By }, cancellationToken);
    }
}

/// <summary>Which certificate of a tenant is meant. The act takes a serial number alone: a tenant has another certificate the next time, and a repetition would hit that.</summary>
internal static class TenantTarget
{
    public static async Task<CertificateRecord> FindAsync(
        string target, CertificateProfile profile, Authority authority, TenantCertificates certificates, CancellationToken cancellationToken)
    {
        if (!Contracts.TenantId.IsValid(target) || (SerialNumber.TryParse(target, out var serial) && await authority.FindAsync(serial, cancellationToken) is not null))
        {
            return await RequireSerialAsync(target, profile, authority, cancellationToken);
        }

        return (await certificates.ValidAsync(target, profile, cancellationToken)) is [var newest, ..]
            ? newest
            : throw new ProblemException(StatusCodes.Status404NotFound, "certificate_not_found", $"Tenant {target} has no valid certificate of the profile {profile.Name}.");
    }

    public static async Task<CertificateRecord> RequireSerialAsync(string target, CertificateProfile profile, Authority authority, CancellationToken cancellationToken) =>
        SerialNumber.TryParse(target, out var serial) && await authority.FindAsync(serial, cancellationToken) is { } record && record.Profile == profile.Name && record.Tenant is not null
            ? record
            : throw new ProblemException(
                StatusCodes.Status404NotFound, "certificate_not_found", $"No certificate of the profile {profile.Name} has this serial number. A look takes the tenant's id, too; the act the serial number that it shows.");

    public static byte[] KeyOf(CertificateRecord record) => SHA256.HashData(ParsedCertificate.Parse(record.Der).SubjectPublicKeyInfo.Span);
}
