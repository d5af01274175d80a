namespace IoTPlatform.CertificateAuthority;

public sealed record Revocation
{
    public required byte[] Serial { get; init; }

    /// <summary>CRLReason (RFC 5280 5.3.1): 0 to 10 without 7.</summary>
    public int ReasonCode { get; init; }

    public string? Reason { get; init; }

    /// <summary>Who revokes, for the audit log.</summary>
    public required string By { get; init; }

    /// <summary>A one-time token to be spent in the same commit.</summary>
    public UsedToken? BurnToken { get; init; }
}
