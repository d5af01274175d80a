using System.Text.Json.Serialization;

namespace IoTPlatform.Contracts.Events;

/// <summary>About one certificate.</summary>
public abstract record CertificateEvent : PlatformEvent
{
    public required CertificateFacts Certificate { get; init; }

    [JsonIgnore]
    public override string Scope => TenantId ?? Certificate.Subject;
}
