using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Enrollment;

/// <summary>
/// Ties a device id to the manufacturer certificate it first came with, by <see cref="ManufacturerIdentity"/>: a certificate of a sister device
/// with the same common name cannot take the id over. Called with the device's row locked.
/// </summary>
internal static class ManufacturerBindings
{
    public const string RefusalCode = "device_bound_to_other_certificate";

    /// <summary>Binds a new device; of an enrolled one the certificate must have the serialNumber attribute or the key it is bound to.</summary>
    public static async Task RequireAsync(
        TenantDbContext db, Device device, bool isNew, EnrollmentGrant grant, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (grant.Manufacturer is not { } shown)
        {
            return;
        }

        if (!isNew && !await IsBoundAsync(db, device, grant, shown, cancellationToken))
        {
            throw new ProblemException(403, RefusalCode,
                "This device id belongs to a device that came with another manufacturer certificate, with another serialNumber attribute and another key, or with an enrolment token. If it is the same device, let it in with an enrolment token for exactly this id.");
        }

        // A renewed certificate brings a new key, or a serialNumber attribute for the first time.
        var binding = await db.ManufacturerBindings.FindAsync([device.DeviceId], cancellationToken)
            ?? db.ManufacturerBindings.Add(new ManufacturerBinding { DeviceId = device.DeviceId, KeySha256 = shown.KeySha256, BoundAt = now }).Entity;
        binding.SerialSha256 = shown.SerialSha256 ?? binding.SerialSha256;
        binding.KeySha256 = shown.KeySha256;
        await db.SaveChangesAsync(cancellationToken);
    }

    /// <summary>An enrolment token gave the id to a device that no manufacturer vouches for.</summary>
    public static Task ReleaseAsync(TenantDbContext db, string deviceId, CancellationToken cancellationToken) =>
        db.ManufacturerBindings.Where(b => b.DeviceId == deviceId).ExecuteDeleteAsync(cancellationToken);

    private static async Task<bool> IsBoundAsync(
        TenantDbContext db, Device device, EnrollmentGrant grant, ManufacturerIdentity shown, CancellationToken cancellationToken)
    {
        var bound = await db.ManufacturerBindings.AsNoTracking().SingleOrDefaultAsync(b => b.DeviceId == device.DeviceId, cancellationToken);

        // Devices from before there were bindings: the very certificate they enrolled with.
        if (bound is null)
        {
            return device.EnrolledBy == grant.AuthorizationId;
        }

        return bound.KeySha256.AsSpan().SequenceEqual(shown.KeySha256)
            || (bound.SerialSha256 is { } serial && shown.SerialSha256 is { } same && serial.AsSpan().SequenceEqual(same));
    }
}
