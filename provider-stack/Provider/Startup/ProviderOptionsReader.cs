using System.Globalization;
using System.Net;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Keycloak;
using IoTPlatform.Hosting.Oidc;
using IoTPlatform.Provider.Features.Messaging;
using IoTPlatform.Provider.Features.Messaging.RabbitMq;
using IoTPlatform.Provider.Features.Telemetry;

namespace IoTPlatform.Provider.Startup;

/// <summary>Reads and validates all settings; every mistake is reported at once.</summary>
internal sealed class ProviderOptionsReader(PlatformOptions settings)
{
    /// <summary>So that {tenant}.{domain} stays below the 253 characters of a DNS name.</summary>
    private const int LongestPlatformDomain = 253 - 63 - 1;

    private readonly List<string> _mistakes = [];

    public static ProviderOptions Read(PlatformOptions settings) => new ProviderOptionsReader(settings).Read();

    private ProviderOptions Read()
    {
        var listen = settings.List(ProviderSettings.Listen, "https://127.0.0.1:9443");
        foreach (var url in listen)
            if (!ListenUrl.IsValid(url, out var why))
                Mistake(ProviderSettings.Listen, url, why);

        var names = settings.List(ProviderSettings.Names, "localhost,127.0.0.1,::1").Select(n => n.ToLowerInvariant()).Distinct(StringComparer.Ordinal).ToList();
        foreach (var name in names.Where(name => !HostNames.IsHost(name)))
            Mistake(ProviderSettings.Names, name, "it is neither a DNS name nor an IP address");

        var domain = settings.Get(ProviderSettings.PlatformDomain, "iotplatform.internal").ToLowerInvariant();
        if (!HostNames.IsDnsName(domain) || IPAddress.TryParse(domain, out _) || domain.Length > LongestPlatformDomain)
            Mistake(ProviderSettings.PlatformDomain, domain, $"it must be a DNS name of at most {LongestPlatformDomain} characters");

        var configuredUrl = Url(ProviderSettings.PublicUrl, Uri.UriSchemeHttps);
        if (configuredUrl is { AbsolutePath: not "/" })
            Mistake(ProviderSettings.PublicUrl, configuredUrl.ToString(), "it must not have a path");
        var rabbitmqUrl = Url(ProviderSettings.RabbitmqUrl, "amqps", "amqp");
        var mqttUrl = Url(ProviderSettings.RabbitmqMqttUrl, "mqtts", "mqtt", "ssl");
        var discoveryUrl = Url(ProviderSettings.DiscoveryUrl, Uri.UriSchemeHttps, Uri.UriSchemeHttp);
        var oidc = OidcOptionsReader.Read(settings, Mistake);
        if (oidc is not null && _mistakes.Count == 0 && !KeycloakRealm.IsOne(oidc.Reached))
            Mistake(oidc.BackChannel is null ? OidcSettings.Issuer : OidcSettings.BackChannel, oidc.Reached.ToString(), "it must be a Keycloak realm's URL, such as https://keycloak.example/realms/cdm");
        var rabbitmq = new RabbitMqOptionsReader(settings, Mistake).Read((mqttUrl ?? configuredUrl)?.Host ?? PublicName(names));
        var telemetry = Telemetry();
        var plans = Plans();
        if (!int.TryParse(settings.Get(ProviderSettings.RenewalsPerSubject, "10"), NumberStyles.None, CultureInfo.InvariantCulture, out var renewals) || renewals is < 1 or > 1_000_000)
            Mistake(ProviderSettings.RenewalsPerSubject, settings.Get(ProviderSettings.RenewalsPerSubject, "10"), "it must be a number of 1 to 1000000");

        if (_mistakes.Count > 0)
            throw new StartupException("The configuration can't be used:" + string.Concat(_mistakes.Select(m => "\n  " + m)));

        var publicUrl = configuredUrl ?? new UriBuilder(Uri.UriSchemeHttps, PublicName(names), ListenUrl.Port(listen[0])).Uri;
        return new ProviderOptions
        {
            DataFolder = settings.Get(ProviderSettings.Data, DataFolder.DefaultPath("provider")),
            Listen = listen,
            Names = names,
            PublicUrl = publicUrl,
            PlatformDomain = domain,
            Database = settings[ProviderSettings.Database],
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

    private TenantPlans Plans()
    {
        if (settings[ProviderSettings.Plans] is not { } text)
            return TenantPlans.Default;
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

    private static string PublicName(List<string> names) => names.Find(name => !HostNames.IsLoopback(name)) ?? names[0];

    private TelemetryOptions Telemetry()
    {
        if (settings[TelemetryOptions.RetentionSetting] is not { } text)
            return new TelemetryOptions();
        if (!DurationText.TryParse(text, out var retention) || retention < TimeSpan.FromDays(1) || retention > TelemetryOptions.LongestRetention)
            Mistake(TelemetryOptions.RetentionSetting, text, $"it must be a duration of 1d to {TelemetryOptions.LongestRetention.Days}d, such as 30d");
        return new TelemetryOptions { Retention = retention };
    }

    private Uri? Url(string name, params ReadOnlySpan<string> schemes)
    {
        if (settings[name] is not { } text)
            return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && schemes.Contains(url.Scheme) && url is { Host.Length: > 0, UserInfo.Length: 0, Query.Length: 0, Fragment.Length: 0 })
            return url;
        Mistake(name, text, $"it must be a URL with the scheme {string.Join(" or ", schemes!)}, a host and no credentials");
        return null;
    }

    private void Mistake(string setting, string value, string why) => _mistakes.Add($"{setting}: \"{value}\": {why}.");
}
