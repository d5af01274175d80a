using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Mvc;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Which certificates, as an address says it.</summary>
internal sealed record CertificateParameters
{
    /// <summary>Part of the subject or of a SAN; or a serial number in full.</summary>
    [FromQuery(Name = "text")]
    public string? Text { get; init; }

    /// <summary>The subject or a SAN in full.</summary>
    [FromQuery(Name = "name")]
    public string? Name { get; init; }

    [FromQuery(Name = "profile")]
    public string? Profile { get; init; }

    [FromQuery(Name = "subject")]
    public string? Subject { get; init; }

    [FromQuery(Name = "tenant")]
    public string? Tenant { get; init; }

    /// <summary>Common name.</summary>
    [FromQuery(Name = "issuer")]
    public string? Issuer { get; init; }

    [FromQuery(Name = "provisioner")]
    public string? Provisioner { get; init; }

    [FromQuery(Name = "endpoint")]
    public long? Endpoint { get; init; }

    /// <summary><c>valid</c>, <c>expired</c>, <c>revoked</c> or <c>on-hold</c>.</summary>
    [FromQuery(Name = "state")]
    public string? State { get; init; }

    [FromQuery(Name = "revoked")]
    public bool? Revoked { get; init; }

    [FromQuery(Name = "expiring_before")]
    public DateTimeOffset? ExpiringBefore { get; init; }

    [FromQuery(Name = "expiring_after")]
    public DateTimeOffset? ExpiringAfter { get; init; }

    /// <summary>Throws 400 <c>bad_filter</c> for another state.</summary>
    public CertificateQuery Query() => new()
    {
        Text = Text,
        Name = Name,
        Profile = Profile,
        Subject = Subject,
        Tenant = Tenant,
        Issuer = Issuer,
        Provisioner = Provisioner,
        Endpoint = Endpoint,
        State = State switch
        {
            null or "" => null,
            "valid" => CertificateState.Valid,
            "expired" => CertificateState.Expired,
            "revoked" => CertificateState.Revoked,
            "on-hold" => CertificateState.OnHold,
            _ => throw new ProblemException(400, "bad_filter", "The state is none of valid, expired, revoked and on-hold."),
        },
        Revoked = Revoked,
        ExpiringBefore = ExpiringBefore,
        ExpiringAfter = ExpiringAfter,
    };
}
