namespace IoTPlatform.Contracts.Events;

public sealed record CertificateRevoked : CertificateEvent
{
    public const string Name = "certificate.revoked";

    public override string Type => Name;

    /// <summary>CRLReason (RFC 5280 5.3.1).</summary>
    public required int ReasonCode { get; init; }
}
