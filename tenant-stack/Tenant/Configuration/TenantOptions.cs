using System.Net;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Observability;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Mqtt;
using IoTPlatform.Pki;
using IoTPlatform.Telemetry;
using IoTPlatform.Tenant.Features.Mqtt;
using IoTPlatform.Tenant.Features.Uplink;

namespace IoTPlatform.Tenant.Configuration;

/// <summary>A tenant's settings, all valid. A class, not a record: it carries secrets and must not print them.</summary>
internal sealed class TenantOptions
{
    public static readonly IPNetwork DefaultWireGuardSubnet = IPNetwork.Parse("10.64.0.0/16");

    public required string DataPath { get; init; }
    public required IReadOnlyList<string> Listen { get; init; }

    /// <summary>DNS names and IP addresses of this host.</summary>
    public required IReadOnlyList<string> Names { get; init; }
    public required Uri PublicUrl { get; init; }

    /// <summary>Null: certificates name no address for revocation lists and OCSP.</summary>
    public ValidationOptions? Validation { get; init; }

    public AcmeOptions Acme { get; init; } = new();

    /// <summary>Signs leaves in this stack's place; null: none does.</summary>
    public CertificateAuthority.Upstream.UpstreamOptions? UpstreamCa { get; init; }

    public WebhookOptions Webhooks { get; init; } = new();

    /// <summary>As in <see cref="CertificateAuthority.CertificateAuthorityOptions.CertificateRetention"/>.</summary>
    public TimeSpan? CertificateRetention { get; init; } = CertificateAuthority.Inventory.CertificateRetention.Default;

    /// <summary>As in <see cref="CertificateAuthority.CertificateAuthorityOptions.Budget"/>.</summary>
    public CertificateAuthority.Budgets.StackBudget Budget { get; init; } = new();

    /// <summary>As in <see cref="CertificateAuthority.CertificateAuthorityOptions.EndpointCertificates"/>.</summary>
    public int? EndpointCertificates { get; init; } = CertificateAuthority.Inventory.EndpointLimit.Default;

    /// <summary>Of the service certificate; always includes the addresses given to devices.</summary>
    public IReadOnlyList<string> ServiceNames =>
        [.. Names.Append(ServerName.TryParse(PublicUrl.DnsSafeHost, out var host, out _) ? host : PublicUrl.DnsSafeHost).Distinct(StringComparer.Ordinal)];

    /// <summary>All that this tenant's Sub-CA has to certify.</summary>
    public SubjectNames CertifiedNames => SubjectNames.FromSans(null, ServiceNames.Concat(Broker?.Names ?? []));
    public required Uri ProviderUrl { get; init; }

    /// <summary>64 lower-case hex digits; needed until the root is on disk.</summary>
    public string? RootFingerprint { get; init; }

    /// <summary>Null: joined already, or the approve-and-poll flow.</summary>
    public string? JoinKey { get; init; }
    public string? TenantId { get; init; }
    public Uri? KeycloakUrl { get; init; }

    /// <summary>It joined with a Keycloak, or got one later, and has none any more.</summary>
    public bool KeycloakGivenUp { get; init; }

    /// <summary>An administrator of the tenant's Keycloak, used once, to set up the realm.</summary>
    public string KeycloakAdmin { get; init; } = "admin";

    /// <summary>Null if the realm has been set up before or is not wanted.</summary>
    public string? KeycloakAdminPassword { get; init; }

    /// <summary>In place of the bundle's, once the provider has replaced it.</summary>
    public string? FederationSecret { get; init; }

    /// <summary>Of the portal's client if it was registered manually; null if the platform chooses one.</summary>
    public string? PortalClientSecret { get; init; }

    /// <summary>In place of the bundle's, once the provider's realm has moved.</summary>
    public Uri? FederationDiscoveryUrl { get; init; }

    /// <summary>PEM file: who may certify the server of the provider's identity provider; null: the platform's root and intermediate.</summary>
    public string? FederationCaFile { get; init; }

    /// <summary>The tenant's own realm at a Keycloak, whose access tokens the API accepts, too; null: there is none.</summary>
    public OidcOptions? Oidc { get; init; }

    /// <summary>This host's own, on the local accounts.</summary>
    public IssuerOptions Issuer => new() { PublicUrl = PublicUrl, Realm = "cdm", HasStepClient = HasStepClient };

    /// <summary>The issuer has the client <c>step</c>, for certificates of people.</summary>
    public bool HasStepClient { get; init; }

    public ObservabilityOptions Observability { get; init; } = new();

    /// <summary>Null: the private server in the data folder.</summary>
    public string? Database { get; init; }

    /// <summary>The operator confirms that the database is lost.</summary>
    public bool LostDatabase { get; init; }

    /// <summary>A backup that fills the private database at this start.</summary>
    public string? Restore { get; init; }
    public string? AdminPassword { get; init; }
    public TimeSpan DeviceLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>After its end, in which a device's certificate may be renewed and nothing else; zero: not at all.</summary>
    public TimeSpan DeviceRenewalGrace { get; init; }

    /// <summary>Enrolments and renewals of all devices together.</summary>
    public int DeviceCertificatesPerHour { get; init; } = 100_000;

    public TelemetryOptions Telemetry { get; init; } = new();

    public UplinkOptions Uplink { get; init; } = UplinkOptions.Everything;

    /// <summary>Whether the provider's staff may send commands to this tenant's devices.</summary>
    public bool AllowsProviderCommands { get; init; }

    /// <summary>Whether devices may be enrolled by a phone's browser, which has to trust this tenant's address by a certificate that it knows.</summary>
    public bool AllowsPhoneEnrolment { get; init; }

    /// <summary>PEM file of the CAs whose certificates may enrol devices without a token.</summary>
    public string? ManufacturerCaFile { get; init; }

    /// <summary>Null: the embedded broker.</summary>
    public BrokerOptions? Broker { get; init; }

    /// <summary>Whether it is seen who is connected. Without polling, the last observed presence is out of date, and is not shown.</summary>
    public bool KnowsPresence => Broker is null or { Management: not null };

    /// <summary>Of the embedded broker, beside the addresses of HTTPS.</summary>
    public IReadOnlyList<ListenAddress> MqttListen { get; init; } = [];

    /// <summary>What one device may cost the embedded broker.</summary>
    public MqttLimits DeviceLimits { get; init; } = MqttLimits.Default;

    public IPNetwork WireGuardSubnet { get; init; } = DefaultWireGuardSubnet;

    /// <summary><c>host:port</c>.</summary>
    public required string WireGuardEndpoint { get; init; }

    /// <summary>Joined already, and the settings agree with it.</summary>
    public bool HasJoined { get; init; }

    public required Func<DataFolder, CaPasswords> ResolvePasswords { get; init; }
}
