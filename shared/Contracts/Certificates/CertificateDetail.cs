namespace IoTPlatform.Contracts.Certificates;

public sealed record CertificateDetail
{
    public required CertificateSummary Summary { get; init; }
    public string? RevocationReason { get; init; }
    public required string Pem { get; init; }
}
