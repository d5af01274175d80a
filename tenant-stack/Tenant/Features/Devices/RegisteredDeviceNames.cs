using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Devices;

/// <summary>The ids of registered devices, revoked ones too: only the registry's own enrolment and renewal certify them.</summary>
internal sealed class RegisteredDeviceNames(IDbContextFactory<TenantDbContext> databases) : IReservedNames
{
    public async ValueTask<string?> OwnerOfAnyAsync(SubjectNames names, CancellationToken cancellationToken)
    {
        string[] ids = [.. names.Dns.Append(names.CommonName ?? "").Select(name => name.ToLowerInvariant())];
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return await db.Devices.AnyAsync(d => ids.Contains(d.DeviceId), cancellationToken) ? "registered devices" : null;
    }
}
