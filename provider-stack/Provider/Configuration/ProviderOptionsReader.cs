using IoTPlatform.CertificateAuthority;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Upstream;
using IoTPlatform.CertificateAuthority.Validation;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Observability;
using IoTPlatform.Identity;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Mqtt;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Features.Broker.RabbitMq;
using IoTPlatform.Telemetry;

namespace IoTPlatform.Provider.Configuration;

/// <summary>Reads and validates all settings before anything is made; every error is reported at once.</summary>
internal sealed class ProviderOptionsReader(SettingsReader settings)
{
    public const string DefaultPlatformDomain = "iotplatform.internal";

    /// <summary>So that {tenant}.{domain} stays below the 253 characters of a DNS name.</summary>
    private const int LongestPlatformDomain = 253 - 63 - 1;

    /// <summary>Throws <see cref="StartupException"/>.</summary>
    public static ProviderOptions Read(IConfiguration configuration)
    {
        var settings = new SettingsReader(configuration);
        var options = new ProviderOptionsReader(settings).Read();
        settings.Validate(options, new ProviderOptionsValidator());
        settings.ThrowIfInvalid();
        return options;
    }

    private ProviderOptions Read()
    {
        var listen = ListenAddress.Read(settings, "https://127.0.0.1:9443", out var port);
        var names = ServerNameList.Read(settings, ProviderSettings.Names, "localhost,127.0.0.1,::1");
        var domain = PlatformDomain();
        var publicUrl = settings.Url(ProviderSettings.PublicUrl, Uri.UriSchemeHttps);
        var mqttUrl = settings.Url(ProviderSettings.RabbitmqMqttUrl, "mqtts", "mqtt", "ssl");
        var rabbitmq = RabbitMqOptionsReader.Read(settings, (mqttUrl ?? publicUrl)?.DnsSafeHost ?? PublicName(names));
        var oidc = OidcOptionsReader.Read(settings);
        publicUrl ??= new UriBuilder(Uri.UriSchemeHttps, PublicName(names), port).Uri;
        var issuer = new IssuerOptions { PublicUrl = publicUrl, Realm = "cdm", HasStepClient = StepClient.Read(settings) };
        CaPasswords.Check(name => settings[name], settings.Invalid);
        return new ProviderOptions
        {
            DataPath = settings.Get(ProviderSettings.Data, DataFolder.DefaultPath("provider")),
            Listen = listen,
            MqttListen = MqttListen.Read(settings, rabbitmq is null ? null : RabbitMqSettings.Broker),
            Observability = ObservabilityOptions.Read(settings),
            Names = names,
            ReservedNames = ServerNameList.Read(settings, ProviderSettings.ReservedNames, ""),
            PublicUrl = publicUrl,
            Validation = ValidationOptions.Read(settings, listen, publicUrl),
            ReplaceIntermediate = IntermediateReplacement.Read(settings),
            Acme = AcmeOptions.Read(settings),
            Webhooks = WebhookOptions.Read(settings),
            UpstreamCa = UpstreamOptions.Read(settings, UpstreamSettings.Leaves),
            ExternalRoot = ExternalRootOptions.Read(settings),
            CertificateRetention = CertificateAuthority.Inventory.CertificateRetention.Read(settings),
            Budget = CertificateAuthority.Budgets.StackBudget.Read(settings),
            EndpointCertificates = CertificateAuthority.Inventory.EndpointLimit.Read(settings),
            PlatformDomain = domain ?? DefaultPlatformDomain,
            IsPlatformDomainSet = domain is not null,
            Database = DatabaseSetting.Read(settings),
            Restore = settings[PlatformDatabase.RestoreSetting],
            LostDatabase = settings[PlatformConfiguration.LostDatabase] is not null,
            AdminPassword = AdminPasswordSetting.Read(settings),
            RabbitmqUrl = settings.Url(ProviderSettings.RabbitmqUrl, "amqps", "amqp") ?? new UriBuilder("amqps", publicUrl.Host, 5671).Uri,
            // The embedded broker shares the ports of HTTPS.
            RabbitmqMqttUrl = mqttUrl ?? new UriBuilder("mqtts", publicUrl.Host, rabbitmq is null ? publicUrl.Port : 8883).Uri,
            DiscoveryUrl = DiscoveryUrl(oidc) ?? (oidc ?? issuer.Tokens).DiscoveryUrl,
            Oidc = oidc,
            Issuer = issuer,
            RabbitMq = rabbitmq,
            Plans = Plans(),
            RenewalsPerSubject = settings.Number(ProviderSettings.RenewalsPerSubject, 1_000_000, "it must be a number of 1 to 1000000") ?? 10,
            Telemetry = TelemetryOptions.Read(settings),
            ResolvePasswords = folder => CaPasswords.Resolve(folder, name => settings[name]),
        };
    }

    /// <summary>This host's own issuer has one address, which is compared with its tokens.</summary>
    private Uri? DiscoveryUrl(OidcOptions? oidc)
    {
        var url = settings.Url(ProviderSettings.DiscoveryUrl, Uri.UriSchemeHttps, Uri.UriSchemeHttp);
        if (url is not null && oidc is null)
        {
            settings.Invalid(ProviderSettings.DiscoveryUrl, url.ToString(), $"it is the address of another identity provider ({OidcSettings.Identity}=keycloak); this host's own is at {ProviderSettings.PublicUrl}");
        }

        return url;
    }

    private string? PlatformDomain()
    {
        if (settings[ProviderSettings.PlatformDomain] is not { } text)
        {
            return null;
        }

        if (!ServerName.TryParse(text, out var domain, out var why))
        {
            settings.Invalid(ProviderSettings.PlatformDomain, text, why);
        }
        else if (!ServerName.IsDnsName(domain) || domain.Length > LongestPlatformDomain)
        {
            settings.Invalid(ProviderSettings.PlatformDomain, text, $"it must be a DNS name of at most {LongestPlatformDomain} characters");
        }

        return domain;
    }

    private TenantPlans Plans()
    {
        if (settings[ProviderSettings.Plans] is not { } text)
        {
            return TenantPlans.Default;
        }

        try
        {
            return TenantPlans.Parse(settings.List(ProviderSettings.Plans));
        }
        catch (FormatException e)
        {
            settings.Invalid(ProviderSettings.Plans, text, e.Message);
            return TenantPlans.Default;
        }
    }

    private static string PublicName(IReadOnlyList<string> names) => names.FirstOrDefault(name => !ServerName.IsLoopback(name)) ?? names.FirstOrDefault() ?? "localhost";
}
