using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

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
