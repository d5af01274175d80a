using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Observability;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Tenant.Features.Mqtt;

namespace IoTPlatform.Tenant.Configuration;

/// <summary>The names of a tenant's settings, in the environment and in an env file.</summary>
internal static class TenantSettings
{
    public const string Data = "IOT_DATA";
    public const string Listen = "IOT_LISTEN";
    public const string Names = "IOT_NAMES";
    public const string PublicUrl = "IOT_PUBLIC_URL";
    public const string Database = "IOT_DATABASE";
    public const string AdminPassword = "IOT_ADMIN_PASSWORD";
    public const string EnvFile = "IOT_ENV_FILE";
    public const string ProviderUrl = "PROVIDER_URL";
    public const string JoinKey = "JOIN_KEY";
    public const string TenantId = "TENANT_ID";
    public const string RootFingerprint = "STEP_CA_FINGERPRINT";
    public const string KeycloakUrl = "KEYCLOAK_URL";
    public const string KeycloakAdmin = "IOT_KEYCLOAK_ADMIN";
    public const string KeycloakAdminPassword = "IOT_KEYCLOAK_ADMIN_PASSWORD";
    public const string PortalClientSecret = "IOT_OIDC_CLIENT_SECRET";
    public const string FederationSecret = "CDM_IDP_CLIENT_SECRET";
    public const string FederationDiscoveryUrl = "CDM_DISCOVERY_URL";
    public const string CaPassword = "STEP_CA_PASSWORD";
    public const string ProvisionerPassword = "STEP_CA_PROVISIONER_PASSWORD";
    public const string DeviceLifetime = "IOT_DEVICE_LIFETIME";
    public const string DeviceCertificatesPerHour = "IOT_DEVICE_CERTIFICATES_PER_HOUR";
    public const string ManufacturerCa = "IOT_DEVICE_MANUFACTURER_CA";
    public const string WireGuardSubnet = "IOT_WIREGUARD_SUBNET";
    public const string WireGuardEndpoint = "IOT_WIREGUARD_ENDPOINT";

    public static IReadOnlyCollection<string> All { get; } =
    [
        Data, Listen, Names, PublicUrl, Database, AdminPassword, AdminPassword + "_FILE", EnvFile, ProviderUrl, JoinKey, JoinKey + "_FILE", TenantId,
        RootFingerprint, KeycloakUrl, KeycloakAdmin, KeycloakAdminPassword, KeycloakAdminPassword + "_FILE", PortalClientSecret, PortalClientSecret + "_FILE", FederationSecret, FederationSecret + "_FILE", FederationDiscoveryUrl, CaPassword, CaPassword + "_FILE", ProvisionerPassword, ProvisionerPassword + "_FILE", DeviceLifetime,
        PlatformOptions.LostDatabase, PlatformDatabase.RestoreSetting, DeviceCertificatesPerHour, ManufacturerCa, WireGuardSubnet, WireGuardEndpoint, .. OidcSettings.All, .. BrokerSettings.All, .. ObservabilityOptions.Settings,
    ];
}
