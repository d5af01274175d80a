using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority;

/// <summary>A stored certificate.</summary>
public sealed record CertificateRecord
{
    /// <summary>Order of issue.</summary>
    public required long Id { get; init; }

    public required byte[] SerialNumber { get; init; }

    /// <summary>CN.</summary>
    public required string Subject { get; init; }

    public required IReadOnlyList<string> Sans { get; init; }

    /// <summary>CN of the issuer.</summary>
    public required string Issuer { get; init; }

    public required string Profile { get; init; }

    public required string Provisioner { get; init; }

    public required string Requester { get; init; }

    public string? Tenant { get; init; }

    /// <summary>As in <see cref="IssueRequest.Lineage"/>.</summary>
    public string? Lineage { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    public required byte[] Der { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    public RevocationReason? ReasonCode { get; init; }

    public string? Reason { get; init; }

    /// <summary>Decimal.</summary>
    public string Serial => Pki.SerialNumber.ToDecimal(SerialNumber);

    public bool IsRevoked => RevokedAt is not null;
}
