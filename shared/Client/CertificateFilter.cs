namespace IoTPlatform.Client;

/// <summary>What <c>GET /portal/certificates</c> lists; everything null lists everything, newest first.</summary>
public sealed record CertificateFilter
{
    /// <summary>Free text over subject, SANs and serial.</summary>
    public string? Text { get; init; }
    public string? Profile { get; init; }
    public string? Subject { get; init; }
    public bool? Revoked { get; init; }
    public DateTimeOffset? ExpiringBefore { get; init; }
    public DateTimeOffset? ExpiringAfter { get; init; }
}
