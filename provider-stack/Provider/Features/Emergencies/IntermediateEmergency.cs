using IoTPlatform.CertificateAuthority;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.Provider.Features.Emergencies;

/// <summary>
/// The Intermediate CA's key is in other hands. Only the root key can put another one in its place, and that is not here: a look says what hangs on it, and the act is a
/// start of the provider with the root key brought back (docs/operations.md).
/// </summary>
internal sealed class IntermediateEmergency(Authority authority) : IEmergency
{
    public string Kind => "intermediate";

    public Task<EmergencyPlan> PlanAsync(string target, CancellationToken cancellationToken)
    {
        var serial = authority.Issuers.Active.Certificate.SerialNumberBytes.ToArray();
        if (target != "now" && !(SerialNumber.TryParse(target, out var asked) && asked.AsSpan().SequenceEqual(serial)))
        {
            throw new ProblemException(StatusCodes.Status404NotFound, "certificate_not_found", $"The Intermediate CA that signs now has the serial number {SerialNumber.ToDecimal(serial)}.");
        }

        return Task.FromResult(new EmergencyPlan
        {
            Selection = new CertificateSelection { IssuerKeyId = authority.Issuers.Active.Issuer.SubjectKeyIdentifier.ToArray() },
            Target = SerialNumber.ToDecimal(serial),
            Consequences =
            [
                "These certificates stand on the Intermediate CA. Every tenant gets its Sub-CA and its bridge certificate again under the new one by itself, within 15 seconds; devices keep theirs, and our agents renew within an hour.",
                $"To do: stop the provider, put the exported root key back at secrets/root_ca_key, start once with IOT_REPLACE_INTERMEDIATE=compromised:{SerialNumber.ToHex(serial)}, and remove the root key again (iot ca remove-root-key).",
                "It can't be done here, nor undone.",
            ],
            StillTrusted = [new TrustAfterwards("verifiers with a list of the root from before, and those that look at none", For: null, authority.Issuers.Active.Issuer.NotAfter)],
        });
    }

    public Task RunAsync(EmergencyOrder order, CancellationToken cancellationToken) => throw new ProblemException(
        StatusCodes.Status409Conflict, "root_key_needed", "The Intermediate CA is replaced by a start of the provider that has the root key: docs/operations.md.");
}
