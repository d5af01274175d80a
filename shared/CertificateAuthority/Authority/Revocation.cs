using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

public sealed record Revocation
{
    public required byte[] Serial { get; init; }

    public RevocationReason ReasonCode { get; init; }

    public string? Reason { get; init; }

    /// <summary>invalidityDate (RFC 5280 5.3.2): since when the key is known or thought to be in other hands; null: nobody said.</summary>
    public DateTimeOffset? InvalidSince { get; init; }

    /// <summary>Who revokes, for the audit log.</summary>
    public required string By { get; init; }

    /// <summary>A one-time token to be spent in the same commit.</summary>
    public UsedToken? BurnToken { get; init; }
}

public enum RevocationOutcome
{
    Revoked,
    AlreadyRevoked,
    /// <summary>This authority never issued that serial number.</summary>
    Unknown,
    /// <summary>The one-time token was spent before.</summary>
    TokenUsed,
}

/// <summary>Ends a hold (<see cref="RevocationReason.CertificateHold"/>): the certificate is good again. Every other revocation is final.</summary>
public sealed record Release
{
    public required byte[] Serial { get; init; }

    public string? Reason { get; init; }

    /// <summary>Who releases, for the audit log.</summary>
    public required string By { get; init; }

    /// <summary>A one-time token to be spent in the same commit.</summary>
    public UsedToken? BurnToken { get; init; }
}

public enum ReleaseOutcome
{
    Released,
    /// <summary>It is good, or revoked for ever.</summary>
    NotOnHold,
    /// <summary>This authority never issued that serial number.</summary>
    Unknown,
    /// <summary>The one-time token was spent before.</summary>
    TokenUsed,
}

/// <summary>Revokes every certificate of one subject and refuses it new ones until it is reinstated, in one commit.</summary>
public sealed record SubjectRevocation
{
    public required CertificateProfile Profile { get; init; }

    /// <summary>The certificates' CN, for a device its id.</summary>
    public required string Subject { get; init; }

    public RevocationReason ReasonCode { get; init; }

    public string? Reason { get; init; }

    public required string By { get; init; }
}

/// <summary>Ends the hold of a subject, and of those of its certificates that were put on hold with it.</summary>
public sealed record SubjectRelease
{
    public required CertificateProfile Profile { get; init; }

    public required string Subject { get; init; }

    public string? Reason { get; init; }

    public required string By { get; init; }
}

/// <summary>Lets a revoked subject have certificates again; those revoked stay revoked.</summary>
public sealed record SubjectReinstatement
{
    public required CertificateProfile Profile { get; init; }

    public required string Subject { get; init; }

    public string? Reason { get; init; }

    public required string By { get; init; }
}
