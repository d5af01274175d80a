using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A validity period. A default lifetime ends with the issuer at the latest; a requested one is passed on, and the signer may refuse it.</summary>
internal readonly record struct Validity(DateTimeOffset NotBefore, DateTimeOffset NotAfter)
{
    public static Validity Of(IssueRequest request, IssuerInfo issuer, DateTimeOffset now)
    {
        now = Seconds.Floor(now);
        var notBefore = request.NotBefore ?? now - CertificateProfile.Backdate;
        var notAfter = request.NotAfter ?? now + (request.Lifetime ?? request.Profile.DefaultLifetime);
        var asked = request.NotAfter is not null || request.Lifetime is not null;
        var validity = Bounded(notBefore, notAfter, asked, issuer);

        // What was asked for is given or refused, never moved.
        return request.NotBefore is { } from ? validity with { NotBefore = from } : validity;
    }

    public static Validity Of(CertificateRenewal renewal, ParsedCertificate current, CertificateProfile profile, IssuerInfo issuer, DateTimeOffset now)
    {
        now = Seconds.Floor(now);
        var lifetime = renewal.Lifetime ?? Shorter(current.NotAfter - current.NotBefore - CertificateProfile.Backdate, profile.MaxLifetime);
        return Bounded(now - CertificateProfile.Backdate, now + lifetime, renewal.Lifetime is not null, issuer);
    }

    private static Validity Bounded(DateTimeOffset notBefore, DateTimeOffset notAfter, bool asked, IssuerInfo issuer)
    {
        // An issuer that is younger than the backdate: nothing may be valid before it.
        notBefore = notBefore < issuer.NotBefore ? issuer.NotBefore : notBefore;
        return new(notBefore, !asked && notAfter > issuer.NotAfter ? issuer.NotAfter : notAfter);
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;
}

internal static class Seconds
{
    /// <summary>Certificates know whole seconds only; rounding both ends from one moment keeps the lifetime exact.</summary>
    public static DateTimeOffset Floor(DateTimeOffset time) => time.AddTicks(-(time.UtcTicks % TimeSpan.TicksPerSecond));
}
