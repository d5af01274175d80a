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

/// <summary>The one tenant a device belongs to: below which root, in which trust domain, and which CAs above it were revoked since.</summary>
internal sealed record PinnedTenant(RootTrust Root, string TrustDomain)
{
    /// <summary>The provider's list; null: none is known.</summary>
    public RevokedSubCas? RevokedSubCas { get; init; }

    /// <summary>The root's list; null: none is known.</summary>
    public RevokedIntermediates? RevokedIntermediates { get; init; }

    /// <summary>The tenant's server. Lists that are not at hand are not asked for: a device that is away for long must find back.</summary>
    public ServerVerifier Server(TimeProvider time) => RevokedSubCas is null ? Any(time) : Any(time).With(RevokedSubCas, required: false);

    /// <summary>The tenant's server at first contact: the provider's list must be in date and signed by the server's own Intermediate CA.</summary>
    public ServerVerifier ServerAtFirstContact(TimeProvider time) => Any(time).With(RevokedSubCas!, required: true);

    private ServerVerifier Any(TimeProvider time) => Root.Tenant(TrustDomain, time).With(() => RevokedIntermediates);
}
