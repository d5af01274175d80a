namespace IoTPlatform.CertificateAuthority;

/// <summary>
/// Bounds how many certificates a subject and a tenant get. A subject (of one lineage and profile) gets
/// <see cref="CertificateAuthorityOptions.RenewalsPerSubject"/> within an eighth of the certificate's lifetime, so what is alive is bounded, too.
/// Checked in the commit that stores the certificate; a refusal is 429 with Retry-After.
/// </summary>
public sealed record IssuanceQuota
{
    /// <summary>A key whose certificate is not half over gets that one again: a renewal costs nothing before its time, and a lost answer is found again.</summary>
    public bool AnswersWithTheFreshOne { get; init; } = true;

    /// <summary>Certificates of the tenant per hour; null: no bound.</summary>
    public int? TenantPerHour { get; init; }
}
