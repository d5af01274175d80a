namespace IoTPlatform.Contracts.Events;

public sealed record CertificateRenewed : CertificateEvent
{
    public const string Name = "certificate.renewed";

    public override string Type => Name;

    /// <summary>Serial number of the certificate before, upper-case hex.</summary>
    public required string RenewedSerial { get; init; }
}
