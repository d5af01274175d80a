using IoTPlatform.CertificateAuthority;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Upstream;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Observability;
using IoTPlatform.Identity;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Mqtt;
using IoTPlatform.RabbitMq;
using IoTPlatform.Telemetry;
using IoTPlatform.Tenant.Features.Commands;
using IoTPlatform.Tenant.Features.Enrollment.Phone;
using IoTPlatform.Tenant.Features.Mqtt;
using IoTPlatform.Tenant.Features.Uplink;

namespace IoTPlatform.Tenant.Configuration;

/// <summary>The names of all settings a tenant reads: environment, env file, or flag. Of a secret, NAME_FILE is read too.</summary>
internal static class TenantSettings
{
    public const string Data = "IOT_DATA";
    public const string Names = "IOT_NAMES";
    public const string PublicUrl = "IOT_PUBLIC_URL";
    public const string ProviderUrl = "PROVIDER_URL";
    public const string JoinKey = "JOIN_KEY";
    public const string TenantId = "TENANT_ID";
    public const string RootFingerprint = "STEP_CA_FINGERPRINT";
    public const string KeycloakUrl = "KEYCLOAK_URL";

    /// <summary>Its value of a tenant that had one.</summary>
    public const string NoKeycloak = "none";
    public const string KeycloakAdmin = "IOT_KEYCLOAK_ADMIN";
    public const string KeycloakAdminPassword = "IOT_KEYCLOAK_ADMIN_PASSWORD";
    public const string PortalClientSecret = "IOT_OIDC_CLIENT_SECRET";
    public const string FederationSecret = "CDM_IDP_CLIENT_SECRET";
    public const string FederationDiscoveryUrl = "CDM_DISCOVERY_URL";
    public const string FederationCa = "CDM_IDP_CA";
    public const string DeviceLifetime = "IOT_DEVICE_LIFETIME";
    public const string DeviceRenewalGrace = "IOT_DEVICE_RENEWAL_GRACE";
    public const string DeviceCertificatesPerHour = "IOT_DEVICE_CERTIFICATES_PER_HOUR";
    public const string ManufacturerCa = "IOT_DEVICE_MANUFACTURER_CA";
    public const string DeviceMessagesPerSecond = "IOT_DEVICE_MESSAGES_PER_SECOND";
    public const string DeviceBytesPerSecond = "IOT_DEVICE_BYTES_PER_SECOND";
    public const string WireGuardSubnet = "IOT_WIREGUARD_SUBNET";
    public const string WireGuardEndpoint = "IOT_WIREGUARD_ENDPOINT";

    private static readonly string[] Secrets =
    [
        DatabaseSetting.Name, AdminPasswordSetting.Name, JoinKey, KeycloakAdminPassword, PortalClientSecret, FederationSecret, RabbitMqManagementSettings.Password, UpstreamSettings.Leaves.Password,
    ];

    private static readonly string[] All =
    [
        .. Secrets, Data, ListenAddress.Setting, Names, PublicUrl, ProviderUrl, TenantId, RootFingerprint, KeycloakUrl, KeycloakAdmin, FederationDiscoveryUrl, FederationCa, DeviceLifetime,
        DeviceRenewalGrace, DeviceCertificatesPerHour, ManufacturerCa, MqttListen.Setting, DeviceMessagesPerSecond, DeviceBytesPerSecond, WireGuardSubnet, WireGuardEndpoint, PlatformConfiguration.LostDatabase, PlatformDatabase.RestoreSetting,
        CaPasswords.AuthoritySetting, CaPasswords.ProvisionerSetting, .. OidcSettings.All, .. BrokerSettings.All, .. ObservabilityOptions.Settings, .. ValidationOptions.Settings, .. AcmeOptions.Settings, .. WebhookOptions.Settings, Identity.Issuer.StepClient.Setting, .. UpstreamSettings.Leaves.All, CertificateAuthority.Inventory.CertificateRetention.Setting, CertificateAuthority.Inventory.EndpointLimit.Setting, .. CertificateAuthority.Budgets.StackBudget.Settings,
        TelemetryOptions.RetentionSetting, UplinkOptions.FiltersSetting, UplinkOptions.IntervalSetting, ProviderCommands.Setting, PhoneEnrolment.Setting,
    ];

    /// <summary>As <see cref="PlatformConfiguration.Load"/>.</summary>
    public static IConfiguration Load(IReadOnlyList<string> args, IReadOnlyDictionary<string, string>? environment = null) => PlatformConfiguration.Load(args, All, Secrets, environment);
}
