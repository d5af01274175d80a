using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

public sealed record Revocation
{
    public required byte[] Serial { get; init; }

    public RevocationReason ReasonCode { get; init; }

    public string? Reason { get; init; }

    /// <summary>Who revokes, for the audit log.</summary>
    public required string By { get; init; }

    /// <summary>A one-time token to be spent in the same commit.</summary>
    public UsedToken? BurnToken { get; init; }
}
