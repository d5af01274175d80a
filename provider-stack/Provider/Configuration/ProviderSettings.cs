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
using IoTPlatform.Provider.Features.Broker.RabbitMq;
using IoTPlatform.RabbitMq;
using IoTPlatform.Telemetry;

namespace IoTPlatform.Provider.Configuration;

/// <summary>The names of all settings this host reads: environment, env file, or flag. Of a secret, NAME_FILE is read too.</summary>
internal static class ProviderSettings
{
    public const string Data = "IOT_DATA";
    public const string Names = "IOT_NAMES";
    public const string ReservedNames = "IOT_RESERVED_NAMES";
    public const string PublicUrl = "IOT_PUBLIC_URL";
    public const string PlatformDomain = "IOT_PLATFORM_DOMAIN";
    public const string RabbitmqUrl = "IOT_RABBITMQ_URL";
    public const string RabbitmqMqttUrl = "IOT_RABBITMQ_MQTT_URL";
    public const string Plans = "IOT_PLANS";
    public const string RenewalsPerSubject = "IOT_RENEWALS_PER_SUBJECT";
    public const string DiscoveryUrl = "IOT_CDM_DISCOVERY_URL";

    private static readonly string[] Secrets = [DatabaseSetting.Name, AdminPasswordSetting.Name, RabbitMqManagementSettings.Password, UpstreamSettings.Leaves.Password, UpstreamSettings.Root.Password];

    private static readonly string[] All =
    [
        .. Secrets, Data, ListenAddress.Setting, Names, ReservedNames, PublicUrl, PlatformDomain, MqttListen.Setting, RabbitmqUrl, RabbitmqMqttUrl, DiscoveryUrl, Plans, RenewalsPerSubject,
        PlatformConfiguration.LostDatabase, PlatformDatabase.RestoreSetting, CaPasswords.AuthoritySetting, CaPasswords.ProvisionerSetting, .. OidcSettings.All, .. RabbitMqSettings.All,
        .. ObservabilityOptions.Settings, .. ValidationOptions.Settings, IntermediateReplacement.Setting, .. AcmeOptions.Settings, .. WebhookOptions.Settings, Identity.Issuer.StepClient.Setting, .. UpstreamSettings.Leaves.All, .. UpstreamSettings.Root.All, CertificateAuthority.Inventory.CertificateRetention.Setting, CertificateAuthority.Inventory.EndpointLimit.Setting, .. CertificateAuthority.Budgets.StackBudget.Settings, TelemetryOptions.RetentionSetting,
    ];

    /// <summary>As <see cref="PlatformConfiguration.Load"/>.</summary>
    public static IConfiguration Load(IReadOnlyList<string> args, IReadOnlyDictionary<string, string>? environment = null) => PlatformConfiguration.Load(args, All, Secrets, environment);
}
