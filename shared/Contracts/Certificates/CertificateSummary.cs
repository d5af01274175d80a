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
