using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Tenant.Features.FirstBoot;

namespace IoTPlatform.Tenant.Features.Devices;

/// <summary>Device certificates of this tenant: CN and DNS SAN are the device id, the URI SAN is its SPIFFE id.</summary>
internal sealed class DeviceCertificates(Authority authority, JoinedTenant tenant, TenantOptions options, TimeProvider time)
{
    private readonly CertificateProfile _profile = Profiles.DeviceFor(options.DeviceLifetime);
    private readonly IssuanceQuota _quota = new() { TenantPerHour = options.DeviceCertificatesPerHour };

    public string SpiffeIdOf(string deviceId) => SpiffeId.Device(tenant.TenantId, tenant.PlatformDomain, deviceId);

    /// <summary>Refuses an id outside the DNS domains this tenant's Sub-CA is confined to, before anything is spent on it.</summary>
    public void CheckPermitted(string deviceId)
    {
        if (NameConstraints.FromCertificate(authority.Chain.Issuer) is { } constraints && !constraints.Permits(NamesOf(deviceId), out _))
        {
            throw new ProblemException(400, "device_id_not_permitted", "The name constraints of this tenant's Sub-CA do not permit this device id: it must lie in one of the tenant's declared domains and not in the provider's.");
        }
    }

    /// <summary>For what must be known before a token or a key is spent.</summary>
    public void ThrowIfRefusing() => authority.ThrowIfRefusing();

    public Task<IssuedCertificate> IssueAsync(string deviceId, CertificateSigningRequest csr, string idempotencyKey, CancellationToken cancellationToken) =>
        authority.IssueAsync(new IssueRequest
        {
            Profile = _profile,
            Csr = csr,
            Names = NamesOf(deviceId),
            Provisioner = "enrollment",
            Requester = $"device:{deviceId}",
            IdempotencyKey = idempotencyKey,
            Tenant = tenant.TenantId,
            // Enrolment decides itself whether a device that comes again gets its certificate again.
            Quota = _quota with { AnswersWithTheFreshOne = false },
        }, cancellationToken);

    public Task<IssuedCertificate> RenewAsync(string deviceId, OwnedRenewal renewal, CancellationToken cancellationToken)
    {
        var untilIssuerEnds = authority.Chain.Issuer.NotAfterUtc() - time.GetUtcNow();
        return authority.RenewAsync(new CertificateRenewal
        {
            Current = renewal.Current,
            Csr = renewal.Csr,
            BurnToken = renewal.BurnToken,
            Lifetime = options.DeviceLifetime < untilIssuerEnds ? options.DeviceLifetime : untilIssuerEnds,
            Requester = $"device:{deviceId}",
            Profile = _profile,
            Quota = _quota,
        }, cancellationToken);
    }

    /// <summary>Not null when an admin revoked just this certificate, and not the device.</summary>
    public async Task<RevocationReason?> RevocationOfAsync(byte[] serial, CancellationToken cancellationToken) =>
        await authority.FindAsync(serial, cancellationToken) is { IsRevoked: true } record ? record.ReasonCode : null;

    private SubjectNames NamesOf(string deviceId) => new() { CommonName = deviceId, Dns = [deviceId], Uris = [SpiffeIdOf(deviceId)] };
}
