using System.Net;
using System.Net.Sockets;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Upstream;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Client;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Observability;
using IoTPlatform.Identity;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Mqtt;
using IoTPlatform.RabbitMq;
using IoTPlatform.RabbitMq.Amqp;
using IoTPlatform.Telemetry;
using IoTPlatform.Tenant.Features.Commands;
using IoTPlatform.Tenant.Features.Enrollment.Phone;
using IoTPlatform.Tenant.Features.Mqtt;
using IoTPlatform.Tenant.Features.Uplink;

namespace IoTPlatform.Tenant.Configuration;

/// <summary>Reads every setting before it complains: one start shows all that is wrong.</summary>
internal sealed class TenantOptionsReader(SettingsReader settings)
{
    /// <summary>Throws <see cref="StartupException"/>.</summary>
    public static TenantOptions Read(IConfiguration configuration)
    {
        var settings = new SettingsReader(configuration);
        var options = new TenantOptionsReader(settings).Read();
        settings.Validate(options, new TenantOptionsValidator());
        settings.ThrowIfInvalid();
        return options;
    }

    private TenantOptions Read()
    {
        var listen = ListenAddress.Read(settings, "https://127.0.0.1:9543", out var port);
        var names = ServerNameList.Read(settings, TenantSettings.Names, "localhost,127.0.0.1,::1");
        var data = settings.Get(TenantSettings.Data, DataFolder.DefaultPath("tenant"));
        var joined = JoinRecord.HasJoined(data) ? JoinRecord.Find(data) : null;
        // The port we listen on under the first name of the certificate: right on one machine, and a visible guess elsewhere.
        var publicUrl = settings.Url(TenantSettings.PublicUrl, Uri.UriSchemeHttps) ?? new UriBuilder(Uri.UriSchemeHttps, names.FirstOrDefault() ?? "localhost", port).Uri;
        CaPasswords.Check(name => settings[name], settings.Invalid);
        return new TenantOptions
        {
            DataPath = data,
            HasJoined = JoinRecord.HasJoined(data),
            Listen = listen,
            Observability = ObservabilityOptions.Read(settings),
            Names = names,
            PublicUrl = publicUrl,
            Validation = ValidationOptions.Read(settings, listen, publicUrl),
            Acme = AcmeOptions.Read(settings),
            Webhooks = WebhookOptions.Read(settings),
            HasStepClient = StepClient.Read(settings),
            UpstreamCa = UpstreamOptions.Read(settings, UpstreamSettings.Leaves),
            CertificateRetention = CertificateAuthority.Inventory.CertificateRetention.Read(settings),
            Budget = CertificateAuthority.Budgets.StackBudget.Read(settings),
            EndpointCertificates = CertificateAuthority.Inventory.EndpointLimit.Read(settings),
            ProviderUrl = ProviderUrl(joined) ?? publicUrl,
            RootFingerprint = Fingerprint(),
            JoinKey = settings.Secret(TenantSettings.JoinKey),
            TenantId = settings[TenantSettings.TenantId],
            KeycloakUrl = IsKeycloakGivenUp ? null : KeycloakUrl(joined),
            KeycloakGivenUp = IsKeycloakGivenUp,
            KeycloakAdmin = settings.Get(TenantSettings.KeycloakAdmin, "admin"),
            KeycloakAdminPassword = settings.Secret(TenantSettings.KeycloakAdminPassword),
            PortalClientSecret = settings.Secret(TenantSettings.PortalClientSecret),
            FederationSecret = settings.Secret(TenantSettings.FederationSecret),
            FederationDiscoveryUrl = HttpUrl(TenantSettings.FederationDiscoveryUrl),
            FederationCaFile = OidcOptionsReader.CaFile(settings, TenantSettings.FederationCa),
            Oidc = OidcOptionsReader.Read(settings),
            Database = DatabaseSetting.Read(settings),
            Restore = settings[PlatformDatabase.RestoreSetting],
            LostDatabase = settings[PlatformConfiguration.LostDatabase] is not null,
            AdminPassword = AdminPasswordSetting.Read(settings),
            DeviceLifetime = settings.Duration(TenantSettings.DeviceLifetime, TimeSpan.FromHours(24)),
            DeviceRenewalGrace = settings.Duration(TenantSettings.DeviceRenewalGrace, TimeSpan.Zero),
            DeviceCertificatesPerHour = settings.Number(TenantSettings.DeviceCertificatesPerHour, int.MaxValue, "it must be a number from 1 on") ?? 100_000,
            ManufacturerCaFile = settings[TenantSettings.ManufacturerCa],
            Broker = Broker(),
            MqttListen = MqttListen.Read(settings, settings[BrokerSettings.Broker] is null ? null : BrokerSettings.Broker),
            DeviceLimits = MqttLimits.Default with
            {
                MessagesPerSecond = settings.Number(TenantSettings.DeviceMessagesPerSecond, 1_000_000, "it must be a number from 1 to 1000000") ?? MqttLimits.Default.MessagesPerSecond,
                BytesPerSecond = settings.Number(TenantSettings.DeviceBytesPerSecond, int.MaxValue, "it must be a number from 1 on") ?? MqttLimits.Default.BytesPerSecond,
            },
            Telemetry = TelemetryOptions.Read(settings),
            Uplink = Uplink(),
            AllowsProviderCommands = Allows(ProviderCommands.Setting, ProviderCommands.Allow, ProviderCommands.Refuse),
            AllowsPhoneEnrolment = Allows(PhoneEnrolment.Setting, PhoneEnrolment.Allow, PhoneEnrolment.Refuse),
            WireGuardSubnet = WireGuardSubnet(),
            WireGuardEndpoint = settings.Get(TenantSettings.WireGuardEndpoint, $"{publicUrl.Host}:51820"),
            ResolvePasswords = folder => CaPasswords.Resolve(folder, name => settings[name]),
        };
    }

    private Uri? ProviderUrl(JoinRecord? joined)
    {
        var url = settings.Url(TenantSettings.ProviderUrl, Uri.UriSchemeHttps) ?? joined?.ProviderUrl;
        if (url is null && settings[TenantSettings.ProviderUrl] is null)
        {
            settings.Add($"{TenantSettings.ProviderUrl} is missing: the https URL of the provider, for example https://provider.example:9443");
        }

        return url;
    }

    private string? Fingerprint()
    {
        try
        {
            return settings[TenantSettings.RootFingerprint] is { } text ? RootTrust.Normalize(text) : null;
        }
        catch (FormatException)
        {
            settings.Add($"{TenantSettings.RootFingerprint} is not a SHA-256 fingerprint (64 hex digits; the provider's operator gets it with 'iot ca fingerprint')");
            return null;
        }
    }

    private bool IsKeycloakGivenUp => settings[TenantSettings.KeycloakUrl] == TenantSettings.NoKeycloak;

    /// <summary>The provider's federation client allows the address this tenant joined with.</summary>
    private Uri? KeycloakUrl(JoinRecord? joined)
    {
        var url = HttpUrl(TenantSettings.KeycloakUrl);
        if (url is not null && joined is not null && joined.KeycloakUrl != url)
        {
            settings.Add(
                $"{TenantSettings.KeycloakUrl}: '{url}' is not what this tenant joined with ({joined.KeycloakUrl?.AbsoluteUri ?? "none"}), and the provider's federation client allows only that. "
                + "Set it back, leave it out, or write none for no Keycloak any more; another address needs a new JOIN with an empty data folder");
        }

        return url ?? joined?.KeycloakUrl;
    }

    private BrokerOptions? Broker()
    {
        if (settings[BrokerSettings.Broker] is not { } broker)
        {
            return null;
        }

        if (broker != BrokerSettings.RabbitMq)
        {
            settings.Add($"{BrokerSettings.Broker}: '{broker}' is not {BrokerSettings.RabbitMq}; leave it out for the embedded broker");
        }

        return new BrokerOptions(
            settings[BrokerSettings.TlsFolder], ServerNameList.Read(settings, BrokerSettings.Names, "localhost,127.0.0.1"), AmqpSettings.Read(settings, "amqps"),
            settings[RabbitMqManagementSettings.CaFile], RabbitMqManagementReader.Read(settings, "iot-tenant"));
    }

    private UplinkOptions Uplink()
    {
        var filters = settings.List(UplinkOptions.FiltersSetting).ToList();
        foreach (var filter in filters.Where(filter => !TopicSyntax.IsFilter(filter) || !UplinkOptions.Everything.Filters.Any(all => TopicSyntax.Covers(all, filter))))
        {
            settings.Invalid(UplinkOptions.FiltersSetting, filter, "it is no topic filter below telemetry/, events/ or status/, such as telemetry/+/alarm/#");
        }

        var interval = settings.Duration(UplinkOptions.IntervalSetting, TimeSpan.Zero);
        return new UplinkOptions(filters.Count > 0 ? filters : UplinkOptions.Everything.Filters, interval);
    }

    private bool Allows(string setting, string allow, string refuse)
    {
        if (settings[setting] is not { } text || text == refuse)
        {
            return false;
        }

        if (text != allow)
        {
            settings.Invalid(setting, text, $"it is {allow} or {refuse}");
        }

        return true;
    }

    private IPNetwork WireGuardSubnet()
    {
        if (settings[TenantSettings.WireGuardSubnet] is not { } text)
        {
            return TenantOptions.DefaultWireGuardSubnet;
        }

        if (IPNetwork.TryParse(text, out var subnet) && subnet.ToString() == text && subnet.BaseAddress.AddressFamily == AddressFamily.InterNetwork && subnet.PrefixLength is >= 8 and <= 30)
        {
            return subnet;
        }

        settings.Add($"{TenantSettings.WireGuardSubnet}: '{text}' is not an IPv4 subnet of /8 to /30 without host bits, like 10.64.0.0/16");
        return TenantOptions.DefaultWireGuardSubnet;
    }

    private Uri? HttpUrl(string name) => settings.Url(name, Uri.UriSchemeHttps, Uri.UriSchemeHttp);
}
