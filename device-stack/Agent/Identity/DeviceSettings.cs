using System.Text.Json;
using System.Text.Json.Serialization;
using IoTPlatform.Client;
using IoTPlatform.Pki;

namespace IoTPlatform.Agent;

/// <summary>What a device has to know about itself and its tenant; no secret.</summary>
public sealed record DeviceSettings
{
    public required Uri TenantUrl { get; init; }
    public required string DeviceId { get; init; }

    /// <summary>The tenant's SPIFFE trust domain, pinned at enrolment: whose server the agent talks to, and whose certificate it takes. Null in folders of earlier versions.</summary>
    public string? TrustDomain { get; init; }

    /// <summary>Where it speaks MQTT; null: at the tenant's URL, where that is negotiated.</summary>
    public Uri? MqttUrl { get; init; }
    public AgentTransport Transport { get; init; }
    public string? DeviceName { get; init; }
    public string? DeviceType { get; init; }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(DeviceSettings))]
internal sealed partial class DeviceSettingsJson : JsonSerializerContext;

/// <summary>The one tenant a device belongs to: below which root, in which trust domain, and which Sub-CAs the provider has revoked since.</summary>
internal sealed record PinnedTenant(RootTrust Root, string TrustDomain, RevokedSubCas? Revoked)
{
    /// <summary>The tenant's server. Without a list of revoked Sub-CAs at hand none is asked for: a device that is away for long must find back.</summary>
    public ServerVerifier Server(TimeProvider time) => Revoked is null ? Root.Tenant(TrustDomain, time) : Root.Tenant(TrustDomain, time).With(Revoked, required: false);

    /// <summary>The tenant's server at first contact: this list must be in date and signed by the server's own Intermediate CA.</summary>
    public ServerVerifier ServerAtFirstContact(TimeProvider time) => Root.Tenant(TrustDomain, time).With(Revoked!, required: true);
}
