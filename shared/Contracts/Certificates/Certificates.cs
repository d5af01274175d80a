namespace IoTPlatform.Contracts.Certificates;

public sealed record CertificateSummary
{
    /// <summary>Decimal, as step-ca writes it.</summary>
    public required string Serial { get; init; }

    /// <summary>The same number as OpenSSL and browsers write it: upper-case hex.</summary>
    public string? SerialHex { get; init; }
    public required string Subject { get; init; }
    public required IReadOnlyList<string> Sans { get; init; }
    public required string Issuer { get; init; }
    public required string Profile { get; init; }
    public required string Provisioner { get; init; }
    public required string Requester { get; init; }
    public required DateTimeOffset NotBefore { get; init; }
    public required DateTimeOffset NotAfter { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }
    public int? ReasonCode { get; init; }
}

public sealed record CertificateDetail
{
    public required CertificateSummary Summary { get; init; }
    public string? RevocationReason { get; init; }
    public required string Pem { get; init; }
}

/// <summary>For a hold and for its release.</summary>
public sealed record HoldRequest
{
    public string? Reason { get; init; }
}

public sealed record RevokeRequest
{
    /// <summary>CRLReason (RFC 5280 section 5.3.1): 0 to 10 without 7 and 8; 0 by default. 6 is a hold, which can be released; everything else is final.</summary>
    public int ReasonCode { get; init; }
    public string? Reason { get; init; }

    /// <summary>invalidityDate (RFC 5280 5.3.2), for the lists: since when the key is known or thought to be in other hands. Not in the future.</summary>
    public DateTimeOffset? InvalidSince { get; init; }

    /// <summary>Only for a tenant's Sub-CA: the tenant's id, to confirm that the tenant is meant to be suspended with it.</summary>
    public string? TenantId { get; init; }
}
