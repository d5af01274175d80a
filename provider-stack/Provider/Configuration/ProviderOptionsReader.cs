using System.Globalization;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Observability;
using IoTPlatform.Identity;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Keycloak;
using IoTPlatform.Pki;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Features.Broker.RabbitMq;
using IoTPlatform.Provider.Features.Telemetry;

namespace IoTPlatform.Provider.Configuration;

/// <summary>Reads and validates all settings before anything is made; every mistake is reported at once.</summary>
internal sealed class ProviderOptionsReader(PlatformOptions settings)
{
    public const string DefaultPlatformDomain = "iotplatform.internal";

    /// <summary>So that {tenant}.{domain} stays below the 253 characters of a DNS name.</summary>
    private const int LongestPlatformDomain = 253 - 63 - 1;

    private readonly List<string> _mistakes = [];

    public static ProviderOptions Read(PlatformOptions settings) => new ProviderOptionsReader(settings).Read();

    private ProviderOptions Read()
    {
        var listen = settings.List(ProviderSettings.Listen, "https://127.0.0.1:9443");
        var port = Listen(listen);
        var names = ServerNameList.Read(settings, ProviderSettings.Names, "localhost,127.0.0.1,::1", Mistake);
        var reserved = ServerNameList.Read(settings, ProviderSettings.ReservedNames, "", Mistake);
        var domain = PlatformDomain();
        var configuredUrl = Url(ProviderSettings.PublicUrl, Uri.UriSchemeHttps);
        if (configuredUrl is { AbsolutePath: not "/" })
        {
            Mistake(ProviderSettings.PublicUrl, configuredUrl.ToString(), "it must not have a path");
        }

        var rabbitmqUrl = Url(ProviderSettings.RabbitmqUrl, "amqps", "amqp");
        var mqttUrl = Url(ProviderSettings.RabbitmqMqttUrl, "mqtts", "mqtt", "ssl");
        var discoveryUrl = Url(ProviderSettings.DiscoveryUrl, Uri.UriSchemeHttps, Uri.UriSchemeHttp);
        var oidc = OidcOptionsReader.Read(settings, Mistake);
        if (oidc is not null && _mistakes.Count == 0 && !KeycloakRealm.IsOne(oidc.Reached))
        {
            Mistake(oidc.BackChannel is null ? OidcSettings.Issuer : OidcSettings.BackChannel, oidc.Reached.ToString(), "it must be a Keycloak realm's URL, such as https://keycloak.example/realms/cdm");
        }

        var rabbitmq = new RabbitMqOptionsReader(settings, Mistake).Read((mqttUrl ?? configuredUrl)?.DnsSafeHost ?? PublicName(names));
        var telemetry = Telemetry();
        var observability = ObservabilityOptions.Read(settings, Mistake);
        var plans = Plans();
        var database = Database();
        AdminPasswordSetting.Read(settings, Mistake);
        CaPasswords.Check(name => settings[name], Mistake);
        if (!int.TryParse(settings.Get(ProviderSettings.RenewalsPerSubject, "10"), NumberStyles.None, CultureInfo.InvariantCulture, out var renewals) || renewals is < 1 or > 1_000_000)
        {
            Mistake(ProviderSettings.RenewalsPerSubject, settings.Get(ProviderSettings.RenewalsPerSubject, "10"), "it must be a number of 1 to 1000000");
        }

        if (_mistakes.Count > 0)
        {
            throw new StartupException("the configuration cannot be used:\n" + string.Join('\n', _mistakes.Select(m => "  - " + m)));
        }

        var publicUrl = configuredUrl ?? new UriBuilder(Uri.UriSchemeHttps, PublicName(names), port).Uri;
        return new ProviderOptions
        {
            DataFolder = settings.Get(ProviderSettings.Data, DataFolder.DefaultPath("provider")),
            Listen = listen,
            Observability = observability,
            Names = names,
            ReservedNames = reserved,
            PublicUrl = publicUrl,
            PlatformDomain = domain ?? DefaultPlatformDomain,
            IsPlatformDomainSet = domain is not null,
            Database = database,
            Restore = settings[PlatformDatabase.RestoreSetting],
            LostDatabase = settings[PlatformOptions.LostDatabase] is not null,
            RabbitmqUrl = rabbitmqUrl ?? new UriBuilder("amqps", publicUrl.Host, 5671).Uri,
            RabbitmqMqttUrl = mqttUrl ?? new UriBuilder("mqtts", publicUrl.Host, 8883).Uri,
            DiscoveryUrl = discoveryUrl ?? (oidc is null ? new Uri(publicUrl, "realms/cdm/.well-known/openid-configuration") : oidc.DiscoveryUrl),
            Oidc = oidc,
            RabbitMq = rabbitmq,
            Plans = plans,
            RenewalsPerSubject = renewals,
            Telemetry = telemetry,
        };
    }

    /// <summary>The first one's port.</summary>
    private int Listen(IReadOnlyList<string> urls)
    {
        var ports = new List<int>();
        foreach (var url in urls)
        {
            if (!ListenAddress.TryParse(url, out var address, out var why))
            {
                Mistake(ProviderSettings.Listen, url, why);
            }
            else if (address.Port == 0)
            {
                Mistake(ProviderSettings.Listen, url, "its port is no number of 1 to 65535");
            }
            else
            {
                ports.Add(address.Port);
            }
        }

        if (urls.Count == 0)
        {
            Mistake(ProviderSettings.Listen, "", "there must be one at least");
        }

        return ports.FirstOrDefault();
    }

    private string? PlatformDomain()
    {
        if (settings[ProviderSettings.PlatformDomain] is not { } text)
        {
            return null;
        }

        if (!ServerName.TryParse(text, out var domain, out var why))
        {
            Mistake(ProviderSettings.PlatformDomain, text, why);
        }
        else if (!ServerName.IsDnsName(domain) || domain.Length > LongestPlatformDomain)
        {
            Mistake(ProviderSettings.PlatformDomain, text, $"it must be a DNS name of at most {LongestPlatformDomain} characters");
        }

        return domain;
    }

    private string? Database()
    {
        try
        {
            if (settings.Secret(ProviderSettings.Database) is not { } text)
            {
                return null;
            }

            if (DatabaseSetting.Problem(text) is { } problem)
            {
                _mistakes.Add($"{ProviderSettings.Database}: {problem}.");
            }

            return text;
        }
        catch (StartupException e)
        {
            _mistakes.Add(e.Message);
            return null;
        }
    }

    private TenantPlans Plans()
    {
        if (settings[ProviderSettings.Plans] is not { } text)
        {
            return TenantPlans.Default;
        }

        try
        {
            return TenantPlans.Parse(settings.List(ProviderSettings.Plans, ""));
        }
        catch (FormatException e)
        {
            Mistake(ProviderSettings.Plans, text, e.Message);
            return TenantPlans.Default;
        }
    }

    private static string PublicName(IReadOnlyList<string> names) => names.FirstOrDefault(name => !ServerName.IsLoopback(name)) ?? names.FirstOrDefault() ?? "localhost";

    private TelemetryOptions Telemetry()
    {
        if (settings[TelemetryOptions.RetentionSetting] is not { } text)
        {
            return new TelemetryOptions();
        }

        if (!DurationText.TryParse(text, out var retention) || retention < TimeSpan.FromDays(1) || retention > TelemetryOptions.LongestRetention)
        {
            Mistake(TelemetryOptions.RetentionSetting, text, $"it must be a duration of 1d to {TelemetryOptions.LongestRetention.Days}d, such as 30d");
        }

        return new TelemetryOptions { Retention = retention };
    }

    private Uri? Url(string name, params ReadOnlySpan<string> schemes)
    {
        if (settings[name] is not { } text)
        {
            return null;
        }

        if (ServiceUrl.TryParse(text, schemes, out var url, out var why))
        {
            return url.Url;
        }

        Mistake(name, text, why);
        return null;
    }

    private void Mistake(string setting, string value, string why) => _mistakes.Add($"{setting}: \"{value}\": {why}.");
}
