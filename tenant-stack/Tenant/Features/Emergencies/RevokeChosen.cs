using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using IoTPlatform.Tenant.Features.Devices;

namespace IoTPlatform.Tenant.Features.Emergencies;

/// <summary>Revokes devices that a person chose one by one, all or none of them. Who may revoke one may revoke several.</summary>
internal sealed class RevokeChosen(RevokeDevices revoke) : IGuarded
{
    public static string Policy => RevokeDevice.Policy;

    /// <summary>Those that are revoked already are left out. Throws 400 <c>too_many_devices</c> or <c>invalid_text</c>.</summary>
    public Task RunAsync(IReadOnlyCollection<string> deviceIds, RevocationReason reasonCode, string? reason, string actor, CancellationToken cancellationToken)
    {
        string[] ids = deviceIds.Count <= DeviceTags.MostDevices ? [.. deviceIds.Distinct(StringComparer.Ordinal)] : throw DeviceTags.TooMany();
        var order = new EmergencyOrder { Kind = "devices", Target = $"{ids.Length} devices", ReasonCode = reasonCode, Reason = OptionalText.Check(reason, "reason", 256), By = actor };
        return revoke.RunAsync(d => ids.Contains(d.DeviceId), token: null, "devices.revoked", order, cancellationToken);
    }
}
