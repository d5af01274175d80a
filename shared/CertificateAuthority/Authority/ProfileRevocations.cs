using System.Collections.Frozen;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A feature with state that depends on a certificate: revocations of the profile's certificates, at any endpoint, are forwarded to it.</summary>
public interface IProfileRevocation
{
    /// <summary>Name of the profile.</summary>
    string Profile { get; }

    /// <summary>Throws <c>ProblemException</c> unless it may be revoked, so, now.</summary>
    Task<RevocationOutcome> RevokeAsync(OwnedRevocation revocation, CancellationToken cancellationToken);
}

/// <summary>A revocation, for the feature that owns the profile. The caller is allowed to revoke.</summary>
public sealed record OwnedRevocation
{
    public required CertificateRecord Record { get; init; }

    public required Revocation Revocation { get; init; }

    /// <summary>What the caller typed to show that it is meant; null: nothing.</summary>
    public string? Confirmation { get; init; }
}

/// <summary>
/// Every revocation that comes in by an endpoint. A CA certificate is not revoked like a leaf: the root has nothing above it that could say
/// so, without the intermediate nothing is left to revoke with, and with a Sub-CA ends what a whole tenant was issued.
/// </summary>
internal sealed class ProfileRevocations(Authority authority, IEnumerable<IProfileRevocation> owners)
{
    private const string NewPlatform = "set up a provider with an empty data folder, prepare the tenants there, and let each join it with an empty data folder; stop this provider until then";
    private readonly FrozenDictionary<string, IProfileRevocation> _owners = owners.ToFrozenDictionary(o => o.Profile, StringComparer.Ordinal);

    /// <summary>Throws 409 <c>ca_not_revocable</c> for a CA certificate that no feature takes care of.</summary>
    public async Task<RevocationOutcome> RevokeAsync(Revocation revocation, string? confirmation, CancellationToken cancellationToken)
    {
        if (await authority.FindAsync(revocation.Serial, cancellationToken) is not { } record)
        {
            return RevocationOutcome.Unknown;
        }

        if (revocation.ReasonCode == RevocationReason.CertificateHold && record.Profile == Profiles.TenantSubCa.Name)
        {
            throw new ProblemException(409, "ca_not_held", "A Sub-CA is not put on hold: suspend its tenant (iot tenants suspend), which ends by iot tenants resume.");
        }

        if (_owners.TryGetValue(record.Profile, out var owner))
        {
            return await owner.RevokeAsync(new OwnedRevocation { Record = record, Revocation = revocation, Confirmation = confirmation }, cancellationToken);
        }

        return Refusal(record) is { } why
            ? throw new ProblemException(409, "ca_not_revocable", why)
            : await authority.RevokeAsync(revocation, cancellationToken);
    }

    private static string? Refusal(CertificateRecord record)
    {
        if (record.Profile == Profiles.Root.Name)
        {
            return $"The root CA can't be revoked: nobody above it could say so. If its key may be in other hands, {NewPlatform}.";
        }

        if (record.Profile == Profiles.Intermediate.Name)
        {
            return $"The intermediate CA can't be revoked by a call: everything the provider and its tenants have stands on it, and only the root key can put another one in its place. If its key may be in other hands: iot ca emergency intermediate says what to do.";
        }

        if (record.Profile == Profiles.Issuer.Name)
        {
            return "An issuer can't be revoked by itself: it would go on signing. Take iot ca emergency issuer, or retire it: iot ca issuer state.";
        }

        return record.Profile == Profiles.TenantSubCa.Name ? "A Sub-CA is revoked at the provider that signed it." : null;
    }
}
