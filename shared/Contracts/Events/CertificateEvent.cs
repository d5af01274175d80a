using System.Text.Json.Serialization;

namespace IoTPlatform.Contracts.Events;

/// <summary>About one certificate.</summary>
public abstract record CertificateEvent : PlatformEvent
{
    public required CertificateFacts Certificate { get; init; }

    /// <summary>The provider's own are in order for the whole tenant; a tenant's devices are too many to wait for each other.</summary>
    [JsonIgnore]
    public override string Scope => Source is null && TenantId is { } tenantId ? tenantId : Certificate.Subject;
}
