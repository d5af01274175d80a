using System.Globalization;
using System.Net;
using System.Net.Sockets;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Client;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Observability;
using IoTPlatform.Identity;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Pki;
using IoTPlatform.RabbitMq;
using IoTPlatform.Tenant.Features.Mqtt;
using Ids = IoTPlatform.Contracts;

namespace IoTPlatform.Tenant.Configuration;

/// <summary>Reads every setting before it complains: one start shows all that is wrong.</summary>
internal sealed class TenantOptionsReader(PlatformOptions settings)
{
    private readonly List<string> errors = [];

    public static TenantOptions Read(PlatformOptions settings) => new TenantOptionsReader(settings).Read();

    private TenantOptions Read()
    {
        var listen = settings.List(TenantSettings.Listen, "https://127.0.0.1:9543");
        var port = ListenPort(listen);
        var names = ServerNameList.Read(settings, TenantSettings.Names, "localhost,127.0.0.1,::1", Mistake);
        var data = settings.Get(TenantSettings.Data, DataFolder.DefaultPath("tenant"));
        var joined = JoinRecord.HasJoined(data) ? JoinRecord.Find(data) : null;
        var provider = Https(TenantSettings.ProviderUrl) ?? joined?.ProviderUrl;
        Check(provider is not null || settings[TenantSettings.ProviderUrl] is not null, $"{TenantSettings.ProviderUrl} is missing: the https URL of the provider, for example https://provider.example:9443");
        // The port we listen on under the first name of the certificate: right on one machine, and a visible guess elsewhere.
        var publicUrl = Https(TenantSettings.PublicUrl) ?? new UriBuilder(Uri.UriSchemeHttps, names.FirstOrDefault() ?? "localhost", port).Uri;
        var joinKey = Take(() => settings.Secret(TenantSettings.JoinKey), null);
        var options = new TenantOptions
        {
            DataPath = data,
            HasJoined = JoinRecord.HasJoined(data),
            Listen = listen,
            Observability = ObservabilityOptions.Read(settings, Mistake),
            Names = names,
            PublicUrl = publicUrl,
            ProviderUrl = provider ?? publicUrl,
            RootFingerprint = Fingerprint(),
            JoinKey = joinKey,
            TenantId = TenantId(),
            KeycloakUrl = KeycloakUrl(joined),
            KeycloakAdmin = settings.Get(TenantSettings.KeycloakAdmin, "admin"),
            KeycloakAdminPassword = KeycloakAdminPassword(),
            PortalClientSecret = Take(() => settings.Secret(TenantSettings.PortalClientSecret), null),
            FederationSecret = Take(() => settings.Secret(TenantSettings.FederationSecret), null),
            FederationDiscoveryUrl = HttpUrl(TenantSettings.FederationDiscoveryUrl),
            Oidc = OidcOptionsReader.Read(settings, Mistake),
            Database = Database(),
            Restore = settings[PlatformDatabase.RestoreSetting],
            LostDatabase = settings[PlatformOptions.LostDatabase] is not null,
            AdminPassword = AdminPasswordSetting.Read(settings, Mistake),
            DeviceLifetime = DeviceLifetime(),
            DeviceCertificatesPerHour = DeviceCertificatesPerHour(),
            ManufacturerCaFile = ManufacturerCaFile(),
            Broker = Broker(),
            WireGuardSubnet = WireGuardSubnet(),
            WireGuardEndpoint = WireGuardEndpoint(publicUrl),
            ResolvePasswords = folder => CaPasswords.Resolve(folder, name => settings[name]),
        };
        CaPasswords.Check(name => settings[name], Mistake);
        return errors.Count == 0
            ? options
            : throw new StartupException("the configuration cannot be used:\n" + string.Join('\n', errors.Select(e => "  - " + e)));
    }

    private string? Fingerprint()
    {
        if (settings[TenantSettings.RootFingerprint] is not { } text)
        {
            return null;
        }

        try
        {
            return RootTrust.Normalize(text);
        }
        catch (FormatException)
        {
            errors.Add($"{TenantSettings.RootFingerprint} is not a SHA-256 fingerprint (64 hex digits; the provider's operator gets it with 'iot ca fingerprint')");
            return null;
        }
    }

    /// <summary>The first one's.</summary>
    private int ListenPort(IReadOnlyList<string> urls)
    {
        var ports = new List<int>();
        foreach (var url in urls)
        {
            if (!ListenAddress.TryParse(url, out var address, out var why))
            {
                Mistake(TenantSettings.Listen, url, why);
            }
            else if (address.Port == 0)
            {
                Mistake(TenantSettings.Listen, url, "its port is no number of 1 to 65535");
            }
            else
            {
                ports.Add(address.Port);
            }
        }

        Check(urls.Count > 0, $"{TenantSettings.Listen} is empty");
        return ports.FirstOrDefault(9543);
    }

    private string? Database()
    {
        var text = Take(() => settings.Secret(TenantSettings.Database), null);
        Check(text is null || DatabaseSetting.Problem(text) is null, $"{TenantSettings.Database}: {(text is null ? "" : DatabaseSetting.Problem(text))}");
        return text;
    }

    /// <summary>The provider's federation client allows the address this tenant joined with, and nothing tells it another.</summary>
    private Uri? KeycloakUrl(JoinRecord? joined)
    {
        var url = HttpUrl(TenantSettings.KeycloakUrl);
        Check(
            url is null || joined is null || joined.KeycloakUrl == url,
            $"{TenantSettings.KeycloakUrl}: '{url}' is not what this tenant joined with ({joined?.KeycloakUrl?.AbsoluteUri ?? "none"}), and the provider's federation client allows only that. "
            + "Set it back or leave it out; another address needs a new JOIN with an empty data folder");
        return url ?? joined?.KeycloakUrl;
    }

    private string? TenantId()
    {
        var id = settings[TenantSettings.TenantId];
        Check(id is null || Ids.TenantId.IsValid(id), $"{TenantSettings.TenantId} does not match {Ids.TenantId.Pattern}");
        return id;
    }

    private string? KeycloakAdminPassword()
    {
        var password = Take(() => settings.Secret(TenantSettings.KeycloakAdminPassword), null);
        var goesSafely = Uri.TryCreate(settings[TenantSettings.KeycloakUrl], UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || url.IsLoopback);
        Check(password is null || goesSafely, $"{TenantSettings.KeycloakAdminPassword} needs {TenantSettings.KeycloakUrl} to be an https URL (http on loopback only)");
        return password;
    }

    private TimeSpan DeviceLifetime()
    {
        var lifetime = Take(() => settings.Duration(TenantSettings.DeviceLifetime, TimeSpan.FromHours(24)), TimeSpan.FromHours(24));
        Check(lifetime >= TimeSpan.FromMinutes(5) && lifetime <= TimeSpan.FromDays(365), $"{TenantSettings.DeviceLifetime} must lie between 5m and 365d");
        return lifetime;
    }

    private int DeviceCertificatesPerHour()
    {
        var text = settings.Get(TenantSettings.DeviceCertificatesPerHour, "100000");
        var good = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0;
        Check(good, $"{TenantSettings.DeviceCertificatesPerHour}: '{text}' is not a number from 1 on");
        return number;
    }

    private string? ManufacturerCaFile()
    {
        var file = settings[TenantSettings.ManufacturerCa];
        Check(file is null || File.Exists(file), $"{TenantSettings.ManufacturerCa}: there is no file '{file}'");
        return file;
    }

    private BrokerOptions? Broker()
    {
        if (settings[BrokerSettings.Broker] is not { } broker)
        {
            return null;
        }

        Check(broker == BrokerSettings.RabbitMq, $"{BrokerSettings.Broker}: '{broker}' is not {BrokerSettings.RabbitMq}; leave it out where devices speak HTTPS only");
        var folder = settings[BrokerSettings.TlsFolder];
        Check(folder is null || Directory.Exists(folder), $"{BrokerSettings.TlsFolder}: there is no folder '{folder}'; make it, writable for the tenant and readable for RabbitMQ");
        var names = ServerNameList.Read(settings, BrokerSettings.Names, "localhost,127.0.0.1", Mistake);
        return new BrokerOptions(folder, names, new RabbitMqManagementReader(settings, Mistake).Read("iot-tenant"));
    }

    private IPNetwork WireGuardSubnet()
    {
        var text = settings[TenantSettings.WireGuardSubnet];
        if (text is null)
        {
            return TenantOptions.DefaultWireGuardSubnet;
        }

        var good = IPNetwork.TryParse(text, out var subnet) && subnet.ToString() == text && subnet.BaseAddress.AddressFamily == AddressFamily.InterNetwork && subnet.PrefixLength is >= 8 and <= 30;
        Check(good, $"{TenantSettings.WireGuardSubnet}: '{text}' is not an IPv4 subnet of /8 to /30 without host bits, like 10.64.0.0/16");
        return good ? subnet : TenantOptions.DefaultWireGuardSubnet;
    }

    private string WireGuardEndpoint(Uri publicUrl)
    {
        var text = settings[TenantSettings.WireGuardEndpoint] ?? $"{publicUrl.Host}:51820";
        var colon = text.LastIndexOf(':');
        var good = colon > 0 && ServerName.IsValid(text[..colon].StartsWith('[') ? text[..colon].Trim('[', ']') : text[..colon])
            && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0;
        Check(good, $"{TenantSettings.WireGuardEndpoint}: '{text}' is not host:port");
        return text;
    }

    private Uri? Https(string name)
    {
        var text = settings[name];
        if (text is null)
        {
            return null;
        }

        if (ServiceUrl.TryParse(text, [Uri.UriSchemeHttps], out var url, out var why))
        {
            return url.Url;
        }

        Mistake(name, text, why);
        return null;
    }

    private Uri? HttpUrl(string name)
    {
        var text = settings[name];
        if (text is null)
        {
            return null;
        }

        if (ServiceUrl.TryParse(text, [Uri.UriSchemeHttps, Uri.UriSchemeHttp], out var url, out var why))
        {
            return url.Url;
        }

        Mistake(name, text, why);
        return null;
    }

    private void Mistake(string setting, string value, string why) => errors.Add($"{setting}: '{value}': {why}");

    private void Check(bool holds, string error)
    {
        if (!holds)
        {
            errors.Add(error);
        }
    }

    private T Take<T>(Func<T> read, T otherwise)
    {
        try
        {
            return read();
        }
        catch (StartupException e)
        {
            errors.Add(e.Message);
            return otherwise;
        }
    }
}
