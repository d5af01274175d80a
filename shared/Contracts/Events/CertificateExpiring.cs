namespace IoTPlatform.Contracts.Events;

/// <summary>A long-lived certificate that nobody has replaced yet has a third of its life left. Once per certificate.</summary>
public sealed record CertificateExpiring : CertificateEvent
{
    public const string Name = "certificate.expiring";

    public override string Type => Name;
}
