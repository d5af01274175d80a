namespace IoTPlatform.Contracts.Events;

public sealed record CertificateIssued : CertificateEvent
{
    public const string Name = "certificate.issued";

    public override string Type => Name;
}
