namespace IoTPlatform.Contracts.Events;

/// <summary>It is about to run out, and nothing has replaced it.</summary>
public sealed record CertificateExpiring : CertificateEvent
{
    public const string Name = "certificate.expiring";

    public override string Type => Name;
}
