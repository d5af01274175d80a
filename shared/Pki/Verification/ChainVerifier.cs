using System.Security.Cryptography.X509Certificates;

namespace IoTPlatform.Pki;

/// <summary>Path validation (RFC 5280 6.1) against given roots only: no system trust, no downloads, no revocation check.</summary>
public static class ChainVerifier
{
    /// <summary>
    /// The platform's X509Chain builds and validates the path; <see cref="PathRules"/> then decides path length, name constraints and purpose a
    /// second time, and dates alone, in UTC: X509Chain compares them in the local zone that the runtime has cached. For server and client
    /// purposes the leaf must say so in an extended key usage and must not be a CA.
    /// </summary>
    public static ChainVerification Verify(
        X509Certificate2 leaf,
        IEnumerable<X509Certificate2> intermediates,
        IEnumerable<X509Certificate2> roots,
        CertificatePurpose purpose,
        DateTimeOffset at)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.VerificationTimeIgnored = false;
        policy.VerificationTime = at.UtcDateTime;
        policy.VerificationFlags = X509VerificationFlags.IgnoreNotTimeValid; // it compares local times: see CertificateDates
        foreach (var root in roots)
        {
            policy.CustomTrustStore.Add(root);
        }

        foreach (var intermediate in intermediates)
        {
            policy.ExtraStore.Add(intermediate);
        }

        if (policy.CustomTrustStore.Count == 0)
        {
            return ChainVerification.Invalid("There is no root to trust.");
        }

        var built = chain.Build(leaf);
        try
        {
            return built
                ? PathRules.Check([.. chain.ChainElements.Select(element => ParsedCertificate.Parse(element.Certificate.RawData))], purpose, at)
                : ChainVerification.Invalid(string.Join(", ", chain.ChainStatus.Select(status => status.Status.ToString()).Distinct(StringComparer.Ordinal)));
        }
        catch (PkiException e)
        {
            return ChainVerification.Invalid(e.Message);
        }
        finally
        {
            foreach (var element in chain.ChainElements)
            {
                element.Certificate.Dispose();
            }
        }
    }
}

/// <summary>The outcome of a chain check; <see cref="Reason"/> says why not.</summary>
public sealed record ChainVerification(bool IsValid, string? Reason)
{
    public static ChainVerification Valid { get; } = new(true, null);

    /// <summary>Set when nothing but the time is wrong: the whole chain verifies inside this period, and the clock is outside it.</summary>
    public ValidityPeriod? WrongTime { get; private init; }

    internal IReadOnlyList<ParsedCertificate> Path { get; init; } = [];

    public static ChainVerification Invalid(string reason) => new(false, reason);

    internal static ChainVerification OutsideOf(ValidityPeriod period, string reason) => new(false, reason) { WrongTime = period };
}

/// <summary>What a certificate is to be accepted for.</summary>
public enum CertificatePurpose
{
    Any,
    ServerAuth,
    ClientAuth,
    /// <summary>A CA certificate that may sign certificates.</summary>
    CertificateAuthority,
}

/// <summary>When every certificate of a path is in date, in UTC.</summary>
public sealed record ValidityPeriod(DateTimeOffset NotBefore, DateTimeOffset NotAfter)
{
    /// <summary>RFC 5280 4.1.2.5: both ends belong to it.</summary>
    public bool Contains(DateTimeOffset at) => at >= NotBefore && at <= NotAfter;

    internal static ValidityPeriod Of(IReadOnlyList<ParsedCertificate> path) => new(path.Max(c => c.NotBefore), path.Min(c => c.NotAfter));
}
