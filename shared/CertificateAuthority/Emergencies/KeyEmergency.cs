using System.Security.Cryptography;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A key is in other hands: every certificate of it is revoked, and it gets no other one. The target is the SHA-256 of its SubjectPublicKeyInfo in hex, or the serial number of a certificate. The host's own one is replaced at once.</summary>
internal sealed class KeyEmergency(Authority authority, ServiceCertificate service) : IEmergency
{
    private const int HashDigits = SHA256.HashSizeInBytes * 2;
    private static readonly string[] CaProfiles = [Profiles.Root.Name, Profiles.Intermediate.Name, Profiles.Issuer.Name, Profiles.TenantSubCa.Name];

    public string Kind => "key";

    public async Task<EmergencyPlan> PlanAsync(string target, CancellationToken cancellationToken)
    {
        var selection = new CertificateSelection { PublicKeysSha256 = [await KeyOfAsync(target, cancellationToken)] };
        var census = await authority.CountAsync(selection, cancellationToken);
        if (census.Profiles.FirstOrDefault(p => CaProfiles.Contains(p.Profile, StringComparer.Ordinal)) is { } ca)
        {
            throw new ProblemException(409, "ca_not_revocable", $"This is the key of a CA ({ca.Profile}), whose certificates others stand on: take the emergency sub-ca, issuer or intermediate.");
        }

        return new EmergencyPlan
        {
            Selection = selection,
            Consequences = ["No certificate is issued or renewed for this key any more; its owner makes another one and enrols with it."],
        };
    }

    public async Task RunAsync(EmergencyOrder order, CancellationToken cancellationToken)
    {
        var key = (await PlanAsync(order.Target, cancellationToken)).Selection.PublicKeysSha256![0];
        await authority.RevokeKeyAsync(
            new KeyRevocation { PublicKeySha256 = key, ReasonCode = order.ReasonCode ?? RevocationReason.KeyCompromise, Reason = order.Reason, By = order.By }, cancellationToken);
        await service.ReplaceRevokedAsync(cancellationToken);
    }

    private async Task<byte[]> KeyOfAsync(string target, CancellationToken cancellationToken)
    {
        if (target.Length == HashDigits && target.All(char.IsAsciiHexDigit))
        {
            return Convert.FromHexString(target);
        }

        return SerialNumber.TryParse(target, out var serial) && await authority.FindAsync(serial, cancellationToken) is { } record
            ? SHA256.HashData(ParsedCertificate.Parse(record.Der).SubjectPublicKeyInfo.Span)
            : throw new ProblemException(404, "certificate_not_found", "No certificate has this serial number. A key is named by the serial number of a certificate, or by the SHA-256 of its SubjectPublicKeyInfo in 64 hex digits.");
    }
}
