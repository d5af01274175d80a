using System.Collections.Frozen;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Inventories;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// A feature that owns a profile, and the only way to renew its certificates: requests at step-ca's endpoints are forwarded to it. In a profile
/// without an owner only certificates issued for a one-time token are renewed.
/// </summary>
public interface IProfileRenewal
{
    /// <summary>Name of the profile.</summary>
    string Profile { get; }

    /// <summary>Throws <c>ProblemException</c> unless the owner of the certificate may have another one now.</summary>
    Task<IssuedCertificate> RenewAsync(OwnedRenewal renewal, CancellationToken cancellationToken);
}

/// <summary>A request to renew, for the feature that owns the profile. The caller has proved to hold the certificate's key; it is on record and not revoked.</summary>
public sealed record OwnedRenewal
{
    public required KnownCertificate Current { get; init; }

    public CertificateRecord Record => Current.Record;

    /// <summary>As in <see cref="CertificateRenewal.Csr"/>.</summary>
    public CertificateSigningRequest? Csr { get; init; }

    /// <summary>As in <see cref="CertificateRenewal.BurnToken"/>.</summary>
    public UsedToken? BurnToken { get; init; }
}

/// <summary>Finds whose a certificate is to renew: the feature's that owns its profile, or, for what a one-time token bought, the authority's own.</summary>
internal sealed class ProfileRenewals(Authority authority, IEnumerable<IProfileRenewal> owners, NameReservations reservations, ProvisionerRegistry provisioners, CredentialInventories inventories, AccountPolicies policies)
{
    /// <summary>After the end of a certificate; longer than any lasts.</summary>
    public static readonly TimeSpan LongestGrace = TimeSpan.FromDays(3653);

    // step-ca gives a new certificate whenever it is asked, and its clients count on that.
    private static readonly IssuanceQuota LeafQuota = new() { AnswersWithTheFreshOne = false };
    private readonly CertificateProfile _leaf = LeafProfiles.Leaf(authority.Options);
    private readonly FrozenDictionary<string, IProfileRenewal> _owners = owners.ToFrozenDictionary(o => o.Profile, StringComparer.Ordinal);

    public async Task<IssuedCertificate> RenewAsync(X509Certificate2 certificate, CertificateSigningRequest? csr, UsedToken? burnToken, CancellationToken cancellationToken)
    {
        var known = await IdentifyAsync(certificate, isByToken: burnToken is not null, cancellationToken);
        if (known.Record.Profile == _leaf.Name)
        {
            // A name may have been given out since, or the rule may be younger than the certificate.
            var names = JudgedNames.Of(known.Leaf.Parsed.Names, known.Leaf.Parsed.Subject);
            await reservations.RequireFreeAsync(names, cancellationToken);
            var provisioner = RenewedBy(known, names);
            var requester = provisioner is AcmeProvisioner acme
                ? await policies.RequireRenewableAsync(acme, known.Record.SerialNumber, names, cancellationToken) ?? known.Record.Requester
                : null;
            await inventories.RequireRenewableAsync(provisioner, known.Record.Lineage, cancellationToken);
            var (profile, contents) = LeafRenewal.Of(known.Leaf.Parsed, provisioner.Claims.Profile);
            return await authority.RenewAsync(
                new CertificateRenewal
                {
                    Current = known,
                    Csr = csr,
                    BurnToken = burnToken,
                    Requester = requester,
                    Profile = profile,
                    Contents = contents,
                    Issuer = provisioner.Options.Issuer,
                    Quota = LeafQuota,
                    Budgets = provisioner.Options.Limits.Of(provisioner),
                },
                cancellationToken);
        }

        return _owners.TryGetValue(known.Record.Profile, out var owner)
            ? await owner.RenewAsync(new OwnedRenewal { Current = known, Csr = csr, BurnToken = burnToken }, cancellationToken)
            : throw new ProblemException(403, "other_profile", $"The certificate is of the profile {known.Record.Profile}, which is not renewed here.");
    }

    /// <summary>What a provisioner does not give any more, or never did, is not renewed either.</summary>
    private IProvisioner RenewedBy(KnownCertificate known, SubjectNames names)
    {
        if (provisioners.Find(known.Record.Provisioner) is not { } provisioner)
        {
            throw new ProblemException(401, "provisioner_removed", $"The certificate's provisioner {known.Record.Provisioner} is removed or disabled.");
        }

        if (provisioners.Stored.FirstOrDefault(stored => stored.Name == provisioner.Name) is { } stored && known.Record.Id <= stored.Row.AddedAfter)
        {
            throw new ProblemException(401, "provisioner_removed", $"The certificate is of an earlier provisioner {provisioner.Name}, which was removed.");
        }

        if (provisioner.Claims.DisableRenewal)
        {
            throw new ProblemException(401, "renewal_disabled", $"The provisioner {provisioner.Name} renews nothing.");
        }

        provisioners.RequireAllowed(provisioner, names);
        return provisioner;
    }

    /// <summary>What a token bought is read once a connection: the ledger alone decides then. An owner decides by more, and gets the state of now.</summary>
    private async Task<KnownCertificate> IdentifyAsync(X509Certificate2 certificate, bool isByToken, CancellationToken cancellationToken)
    {
        var now = authority.Time.GetUtcNow();
        var leaf = LeafVerifier.Verify(certificate, authority.Active, now, isByToken ? LongestGrace : TimeSpan.Zero);
        if (now > leaf.Parsed.NotAfter)
        {
            var ended = await authority.IdentifyForRenewalAsync(certificate, LongestGrace, cancellationToken);
            return ended.Record.Profile == _leaf.Name && provisioners.Find(ended.Record.Provisioner) is { Claims.AllowRenewalAfterExpiry: true } ? ended
                : throw new ProblemException(401, "certificate_refused", "The client certificate is refused: it is not in date.");
        }

        return leaf.Known is { } known && known.Record.Profile == _leaf.Name ? known : await authority.IdentifyAsync(certificate, cancellationToken);
    }
}
