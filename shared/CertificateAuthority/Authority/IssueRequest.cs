using IoTPlatform.CertificateAuthority.Budgets;
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

    /// <summary>From now; the profile's default unless given. A default lifetime is cut to the issuer's; a requested one is refused if longer.</summary>
    public TimeSpan? Lifetime { get; init; }

    public required string Provisioner { get; init; }

    /// <summary>Who asked, for the record and the audit log.</summary>
    public required string Requester { get; init; }

    /// <summary>Needed by the tenant Sub-CA profile.</summary>
    public NameConstraints? NameConstraints { get; init; }

    /// <summary>Name of an <see cref="Issuers.OwnIssuer"/>, which signs leaves alone; null: the stack's own.</summary>
    public string? Issuer { get; init; }

    public UsedToken? BurnToken { get; init; }

    /// <summary>Unique per order, at most 200 characters: a second order with the same key and public key returns the stored certificate.</summary>
    public string? IdempotencyKey { get; init; }

    public string? Tenant { get; init; }

    /// <summary>Where the certificate comes from in the end; what is renewed from it keeps it. In a revoked lineage nothing is issued.</summary>
    public string? Lineage { get; init; }

    /// <summary>Null: what the caller orders is bounded otherwise.</summary>
    public IssuanceQuota? Quota { get; init; }

    /// <summary>Beside the stack's own.</summary>
    public IReadOnlyList<IssuanceBudget> Budgets { get; init; } = [];

    /// <summary>Of what a token or an order bought: whether certificates of the same names are one endpoint.</summary>
    public bool IsOneByNames { get; init; }

    public StepProvisionerExtension? StepProvisioner { get; init; }

    /// <summary>What the profile allows beside the names; null: nothing.</summary>
    public CertificateContents? Contents { get; init; }
}

internal static class LeafProfiles
{
    /// <summary>What a one-time token authorizes.</summary>
    public static CertificateProfile Leaf(CertificateAuthorityOptions options) =>
        Profiles.Leaf with { DefaultLifetime = options.DefaultLeafLifetime, MaxLifetime = options.MaxLeafLifetime };
}

/// <summary>
/// Bounds how many certificates a subject and a tenant get. A subject (of one lineage and profile) gets
/// <see cref="CertificateAuthorityOptions.RenewalsPerSubject"/> within an eighth of the certificate's lifetime, so what is alive is bounded, too.
/// Checked in the commit that stores the certificate; a refusal is 429 with Retry-After.
/// </summary>
public sealed record IssuanceQuota
{
    /// <summary>Of a subject's certificates, newest first (<c>ca.judge</c>).</summary>
    internal const int MostCounted = 100;

    /// <summary>A key whose certificate is not half over gets that one again: a renewal costs nothing before its time, and a lost answer is found again.</summary>
    public bool AnswersWithTheFreshOne { get; init; } = true;

    /// <summary>Certificates of the tenant per hour; null: no bound.</summary>
    public int? TenantPerHour { get; init; }
}

/// <summary>A one-time token: spent in the same commit as its certificate, or, if it is a key proof, when it is presented.</summary>
/// <param name="Hash">SHA-256 over who made it and its jti.</param>
/// <param name="Expires">When the token would be refused anyway, so that the entry can go.</param>
public sealed record UsedToken(byte[] Hash, DateTimeOffset Expires);
