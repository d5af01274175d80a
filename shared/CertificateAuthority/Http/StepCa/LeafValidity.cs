using System.Globalization;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>step-ca's rules for the validity a request may ask for, in step-ca's order and words.</summary>
/// <remarks>A limit that was not requested is null: the authority sets it, and may cut it to the issuer's end.</remarks>
internal readonly record struct LeafValidity(DateTimeOffset? NotBefore, DateTimeOffset? NotAfter)
{
    public static LeafValidity Of(DateTimeOffset? notBefore, DateTimeOffset? notAfter, DateTimeOffset now, SignGrant grant)
    {
        now = Seconds.Floor(now);
        var from = Seconds.Floor(notBefore ?? now - CertificateProfile.Backdate);
        var to = Seconds.Floor(notAfter ?? (notBefore is null ? now : from) + grant.Profile.DefaultLifetime);
        var isCut = false;
        if (grant.CredentialEnds is { } end && to > end)
        {
            to = notAfter is null ? Seconds.Floor(end)
                : throw StepCaException.Forbidden($"requested certificate notAfter ({Format(to)}) is after the expiration of the provisioning credential ({Format(end)})");
            isCut = true;
        }

        if (to < now)
        {
            throw StepCaException.BadRequest($"notAfter cannot be in the past; na={Format(to)}");
        }

        if (to < from)
        {
            throw StepCaException.BadRequest($"notAfter cannot be before notBefore; na={Format(to)}, nb={Format(from)}");
        }

        var duration = to - from;
        if (duration < grant.MinLifetime)
        {
            throw StepCaException.Forbidden($"requested duration of {TimeOrDuration.Format(duration)} is less than the authorized minimum certificate duration of {TimeOrDuration.Format(grant.MinLifetime)}");
        }

        var longest = grant.Profile.MaxLifetime + CertificateProfile.Backdate;
        if (duration > longest)
        {
            throw StepCaException.Forbidden($"requested duration of {TimeOrDuration.Format(duration)} is more than the authorized maximum certificate duration of {TimeOrDuration.Format(longest)}");
        }

        return new LeafValidity(notBefore is null ? null : from, notBefore is null && notAfter is null && !isCut ? null : to);
    }

    private static string Format(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss +0000 'UTC'", CultureInfo.InvariantCulture);
}
