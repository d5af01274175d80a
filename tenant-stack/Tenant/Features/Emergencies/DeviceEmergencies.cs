using System.Linq.Expressions;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Data;
using IoTPlatform.Tenant.Features.Devices;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Tenant.Features.Emergencies;

/// <summary>One device; the same as revoking it.</summary>
internal sealed class DeviceEmergency(RevokeDevice revoke, DeviceSets devices) : IEmergency
{
    public string Kind => "device";

    public Task<EmergencyPlan> PlanAsync(string target, CancellationToken cancellationToken)
    {
        DevicePath.Check(target);
        return devices.PlanAsync(d => d.DeviceId == target, DeviceRegistry.Unknown, [], cancellationToken);
    }

    public Task RunAsync(EmergencyOrder order, CancellationToken cancellationToken) => revoke.RunAsync(
        order.Target, new RevokeRequest { ReasonCode = (int)(order.ReasonCode ?? RevocationReason.KeyCompromise), Reason = order.Reason }, order.By, cancellationToken);
}

/// <summary>Every device that enrolled with one token. The target is the token's id.</summary>
internal sealed class BatchEmergency(RevokeDevices revoke, DeviceSets devices) : IEmergency
{
    public string Kind => "batch";

    public async Task<EmergencyPlan> PlanAsync(string target, CancellationToken cancellationToken)
    {
        var token = await devices.RequireTokenAsync(target, cancellationToken);
        return await devices.PlanAsync(Of(token), unknown: null, ["The enrolment token ends with them."], cancellationToken);
    }

    public async Task RunAsync(EmergencyOrder order, CancellationToken cancellationToken)
    {
        var token = await devices.RequireTokenAsync(order.Target, cancellationToken);
        await revoke.RunAsync(Of(token), token, "batch.revoked", order, cancellationToken);
    }

    private static Expression<Func<Device, bool>> Of(Guid token)
    {
        var by = $"token:{token}";
        return d => d.EnrolledBy == by;
    }
}

/// <summary>Every device of a type, as the devices named it when they enrolled.</summary>
internal sealed class DeviceTypeEmergency(RevokeDevices revoke, DeviceSets devices) : IEmergency
{
    public string Kind => "device-type";

    public Task<EmergencyPlan> PlanAsync(string target, CancellationToken cancellationToken) => devices.PlanAsync(
        d => d.DeviceType == target, () => new ProblemException(404, "device_type_unknown", "No device said that it is of this type when it enrolled."), [], cancellationToken);

    public Task RunAsync(EmergencyOrder order, CancellationToken cancellationToken)
    {
        var type = order.Target;
        return revoke.RunAsync(d => d.DeviceType == type, token: null, "device_type.revoked", order, cancellationToken);
    }
}

/// <summary>Whose certificates an emergency is about.</summary>
internal sealed class DeviceSets(IDbContextFactory<TenantDbContext> databases)
{
    private const string Enrolling = "Their enrolment tokens, keys, tunnel addresses and waiting commands end, too; each comes back only by enrolling anew, with a new key and token.";

    /// <param name="which">The devices, revoked ones too.</param>
    /// <param name="unknown">Thrown where there is none; null: then there is none.</param>
    /// <param name="consequences">Beside those for every device.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<EmergencyPlan> PlanAsync(Expression<Func<Device, bool>> which, Func<ProblemException>? unknown, IReadOnlyList<string> consequences, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        var ids = await db.Devices.Where(which).Select(d => d.DeviceId).ToListAsync(cancellationToken);
        return ids.Count == 0 && unknown is not null
            ? throw unknown()
            : new EmergencyPlan
            {
                Selection = new CertificateSelection { Profile = Profiles.Device.Name, Subjects = ids },
                Consequences = [Enrolling, .. consequences],
            };
    }

    /// <summary>Throws 404 <c>enrollment_token_unknown</c>.</summary>
    public async Task<Guid> RequireTokenAsync(string target, CancellationToken cancellationToken)
    {
        await using var db = await databases.CreateDbContextAsync(cancellationToken);
        return Guid.TryParse(target, out var token) && await db.EnrollmentTokens.AnyAsync(t => t.Id == token, cancellationToken)
            ? token
            : throw new ProblemException(404, "enrollment_token_unknown", "There is no enrolment token with this id. A batch is what enrolled with one token: iot devices tokens.");
    }
}

internal static class EmergencyServices
{
    public static IServiceCollection AddEmergencies(this IServiceCollection services) => services
        .AddSingleton<DeviceSets>()
        .AddSingleton<RevokeDevices>()
        .AddSingleton<RevokeChosen>()
        .AddSingleton<IEmergency, DeviceEmergency>()
        .AddSingleton<IEmergency, BatchEmergency>()
        .AddSingleton<IEmergency, DeviceTypeEmergency>();
}
