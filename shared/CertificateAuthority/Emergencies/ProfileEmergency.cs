using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A type of certificates can't be trusted: all of a profile are revoked. The host's own ones are replaced at once.</summary>
internal sealed class ProfileEmergency(Authority authority, ServiceCertificate service) : IEmergency
{
    private static readonly string[] Revocable = [Profiles.Leaf.Name, Profiles.Service.Name, Profiles.MqttBridge.Name];

    public string Kind => "profile";

    public Task<EmergencyPlan> PlanAsync(string target, CancellationToken cancellationToken)
    {
        if (!Revocable.Contains(target, StringComparer.Ordinal))
        {
            throw new ProblemException(
                404, "profile_unknown", $"The profile is one of {string.Join(", ", Revocable)}. Devices are revoked by the emergencies batch and device-type, CAs by sub-ca and intermediate.");
        }

        return Task.FromResult(new EmergencyPlan
        {
            Selection = new CertificateSelection { Profile = target },
            Consequences = target == Profiles.Service.Name
                ? ["This host's own HTTPS certificate is among them and is replaced at once; other services need new ones."]
                : target == Profiles.MqttBridge.Name
                    ? ["Every tenant's bridge is out; each comes back with a new JOIN key: iot tenants replace-key."]
                    : ["Who needs a certificate asks for another one, with a new token."],
        });
    }

    public async Task RunAsync(EmergencyOrder order, CancellationToken cancellationToken)
    {
        await PlanAsync(order.Target, cancellationToken);
        await authority.RevokeProfileAsync(
            new ProfileRevocation { Profile = order.Target, ReasonCode = order.ReasonCode ?? RevocationReason.KeyCompromise, Reason = order.Reason, By = order.By }, cancellationToken);
        await service.ReplaceRevokedAsync(cancellationToken);
    }
}
