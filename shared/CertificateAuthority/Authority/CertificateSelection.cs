using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Certificates in date that meet every condition given; at least one is.</summary>
public sealed record CertificateSelection
{
    /// <summary>One of these, each of a SubjectPublicKeyInfo.</summary>
    public IReadOnlyList<byte[]>? PublicKeysSha256 { get; init; }

    public string? Profile { get; init; }

    public string? Tenant { get; init; }

    /// <summary>CNs.</summary>
    public IReadOnlyList<string>? Subjects { get; init; }

    /// <summary>Subject key identifier of their issuer, whose OCSP responders are not meant.</summary>
    public byte[]? IssuerKeyId { get; init; }
}

/// <param name="Profiles">Each with how many.</param>
/// <param name="Subjects">In order, the first hundred.</param>
/// <param name="SubjectCount">All of them.</param>
/// <param name="LastNotAfter">When the last of the certificates ends; null: there is none.</param>
/// <param name="RevokedAt">When the last was revoked for good; null: none is.</param>
public sealed record CertificateCensus(IReadOnlyList<EmergencyCount> Profiles, IReadOnlyList<string> Subjects, int SubjectCount, DateTimeOffset? LastNotAfter, DateTimeOffset? RevokedAt);

/// <summary>Revokes every certificate of a key but those of CAs, and refuses it new ones for ever.</summary>
public sealed record KeyRevocation
{
    public required byte[] PublicKeySha256 { get; init; }

    public required RevocationReason ReasonCode { get; init; }

    public string? Reason { get; init; }

    public required string By { get; init; }
}

/// <summary>Revokes every certificate of a profile; new ones may be issued at once.</summary>
public sealed record ProfileRevocation
{
    /// <summary>Its name.</summary>
    public required string Profile { get; init; }

    public required RevocationReason ReasonCode { get; init; }

    public string? Reason { get; init; }

    public required string By { get; init; }
}

/// <summary>Revokes every certificate of an issuer but those of its OCSP responders.</summary>
public sealed record IssuerRevocation
{
    /// <summary>Subject key identifier.</summary>
    public required byte[] KeyId { get; init; }

    public required RevocationReason ReasonCode { get; init; }

    public string? Reason { get; init; }

    public required string By { get; init; }
}

/// <summary>As <see cref="SubjectRevocation"/>, of many at once and with one audit entry for what they have in common.</summary>
public sealed record SubjectsRevocation
{
    public required CertificateProfile Profile { get; init; }

    public required IReadOnlyList<string> Subjects { get; init; }

    public required RevocationReason ReasonCode { get; init; }

    public string? Reason { get; init; }

    public required string By { get; init; }

    /// <summary>Of the audit entry, for example <c>batch.revoked</c>.</summary>
    public required string Action { get; init; }

    /// <summary>Subject of the audit entry.</summary>
    public required string Target { get; init; }
}
