using IoTPlatform.CertificateAuthority.Budgets;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A renewal: same profile and names as the certificate the caller has just proved to hold the key of.</summary>
public sealed record CertificateRenewal
{
    /// <summary>The certificate presented in TLS, or one whose key signed the request.</summary>
    public required KnownCertificate Current { get; init; }

    /// <summary>A new key; only the key is taken from it. Null keeps the key.</summary>
    public CertificateSigningRequest? Csr { get; init; }

    /// <summary>The lifetime of the current certificate unless given.</summary>
    public TimeSpan? Lifetime { get; init; }

    /// <summary>The certificate's CN unless given.</summary>
    public string? Requester { get; init; }

    /// <summary>As in <see cref="IssueRequest.IdempotencyKey"/>.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>Of the certificate; one that is stored under another profile is refused with 403 <c>other_profile</c>.</summary>
    public required CertificateProfile Profile { get; init; }

    /// <summary>That the provisioner names now, for what its issuer does not renew any more; null: none.</summary>
    public string? Issuer { get; init; }

    /// <summary>What the certificate says beside its names, to be said again; null: nothing.</summary>
    public CertificateContents? Contents { get; init; }

    public required IssuanceQuota Quota { get; init; }

    /// <summary>Beside the stack's own.</summary>
    public IReadOnlyList<IssuanceBudget> Budgets { get; init; } = [];

    /// <summary>A token to be spent in the same commit, where the renewal was asked for with one.</summary>
    public UsedToken? BurnToken { get; init; }
}

/// <summary>A renewal keeps profile, names and provisioner; the key is the certificate's or the new request's.</summary>
internal static class RenewalOrder
{
    public static Order Create(CertificateRenewal renewal, IssuerInfo issuer, CertificateAuthorityOptions options, DateTimeOffset now)
    {
        if (renewal.Csr is { RequestsCa: true })
        {
            throw new ProblemException(400, "profile_violation", "The request asks for a CA certificate.");
        }

        var (leaf, record) = (renewal.Current.Leaf, renewal.Current.Record);
        if (record.Profile != renewal.Profile.Name)
        {
            throw new ProblemException(403, "other_profile", $"The certificate is of the profile {record.Profile}, which is not renewed here.");
        }

        var validity = Validity.Of(renewal, leaf.Parsed, renewal.Profile, issuer, now);
        return new Order
        {
            Template = new CertificateTemplate
            {
                Profile = renewal.Profile,
                SubjectPublicKeyInfo = renewal.Csr?.SubjectPublicKeyInfo ?? leaf.Parsed.SubjectPublicKeyInfo,
                Key = renewal.Csr?.Key ?? leaf.Key,
                Names = leaf.Parsed.Names,
                NotBefore = validity.NotBefore,
                NotAfter = validity.NotAfter,
                StepProvisioner = leaf.Parsed.StepProvisioner,
                Validation = options.Validation,
                Contents = renewal.Contents,
            },
            PublicKeySha256 = renewal.Csr?.SubjectPublicKeyInfoSha256 ?? leaf.SubjectKeySha256,
            Provisioner = record.Provisioner,
            Tenant = record.Tenant,
            Lineage = record.Lineage,
            Requester = renewal.Requester ?? leaf.Parsed.Names.CommonName ?? "",
            IdempotencyKey = renewal.IdempotencyKey,
            Token = renewal.BurnToken,
            Quota = renewal.Quota,
            Budgets = [.. renewal.Budgets, .. options.Budget.For(renewal.Profile, isOneByNames: false)],
            RecentLimit = options.RenewalsPerSubject,
            Renews = leaf.Serial,
        };
    }
}
