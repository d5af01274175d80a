using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>An authorised order for one certificate. The authority checks the profile, not whether the requester may have it.</summary>
public sealed record IssueRequest
{
    public required CertificateProfile Profile { get; init; }

    public required CertificateSigningRequest Csr { get; init; }

    /// <summary>The names to certify; those in the CSR are not looked at.</summary>
    public required SubjectNames Names { get; init; }

    /// <summary>Now minus the backdate, unless given.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Wins over <see cref="Lifetime"/>.</summary>
    public DateTimeOffset? NotAfter { get; init; }

    /// <summary>From now; the profile's default unless given. A lifetime nobody asked for is cut to the issuer's; one asked for is refused if longer.</summary>
    public TimeSpan? Lifetime { get; init; }

    public required string Provisioner { get; init; }

    /// <summary>Who asked, for the record and the audit log.</summary>
    public required string Requester { get; init; }

    /// <summary>Needed by the tenant Sub-CA profile.</summary>
    public NameConstraints? NameConstraints { get; init; }

    public UsedToken? BurnToken { get; init; }

    /// <summary>Unique per order, at most 200 characters: a second order with the same key and public key returns the stored certificate.</summary>
    public string? IdempotencyKey { get; init; }

    public string? Tenant { get; init; }

    /// <summary>Where the certificate comes from in the end; what is renewed from it keeps it. In a revoked lineage nothing is issued.</summary>
    public string? Lineage { get; init; }

    /// <summary>Null: what the caller orders is bounded otherwise.</summary>
    public IssuanceQuota? Quota { get; init; }

    public StepProvisionerExtension? StepProvisioner { get; init; }
}
