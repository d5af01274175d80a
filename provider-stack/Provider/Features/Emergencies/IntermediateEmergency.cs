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

    public async Task<EmergencyPlan> PlanAsync(string target, CancellationToken cancellationToken)
    {
        var serial = authority.Issuers.Active.Certificate.SerialNumberBytes.ToArray();
        if (target != "now" && !(SerialNumber.TryParse(target, out var asked) && asked.AsSpan().SequenceEqual(serial)))
        {
            throw new ProblemException(StatusCodes.Status404NotFound, "certificate_not_found", $"The Intermediate CA that signs now has the serial number {SerialNumber.ToDecimal(serial)}.");
        }

        // A root of others is in no ledger of this platform, whatever the settings of this start are.
        var root = await authority.FindAsync(authority.Issuers.Chain.Root.SerialNumberBytes.ToArray(), cancellationToken);
        return new EmergencyPlan
        {
            Selection = new CertificateSelection { IssuerKeyId = authority.Issuers.Active.Issuer.SubjectKeyIdentifier.ToArray() },
            Target = SerialNumber.ToDecimal(serial),
            Consequences =
            [
                "These certificates stand on the Intermediate CA. Every tenant gets its Sub-CA and its bridge certificate again under the new one by itself, within 15 seconds; devices keep theirs, and our agents renew within an hour.",
                ToDo(isOwnRoot: root is not null, $"start once with {IntermediateReplacement.Setting}=compromised:{SerialNumber.ToHex(serial)}"),
                "It can't be done here, nor undone.",
            ],
            StillTrusted = [new TrustAfterwards("verifiers with a list of the root from before, and those that look at none", For: null, authority.Issuers.Active.Issuer.NotAfter)],
        };
    }

    private static string ToDo(bool isOwnRoot, string start) => isOwnRoot
        ? $"To do: stop the provider, put the exported root key back at secrets/root_ca_key, {start}, and remove the root key again (iot ca remove-root-key)."
        : $"To do: have it in the revocation list of the external root, and put the list into certs/root_ca.crl. Then stop the provider, and with the settings of that root (IOT_ROOT_CA_FINGERPRINT and what goes with it) {start}: the root signs another one (docs/external-root.md).";

    public Task RunAsync(EmergencyOrder order, CancellationToken cancellationToken) => throw new ProblemException(
        StatusCodes.Status409Conflict, "root_key_needed", "The Intermediate CA is replaced by a start of the provider that has the root key: docs/operations.md.");
}
