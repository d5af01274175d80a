using System.Globalization;
using System.Net;
using System.Net.Sockets;
using IoTPlatform.CertificateAuthority;
using IoTPlatform.Client;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Oidc;
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
        var listen = Take(() => settings.List(TenantSettings.Listen, "https://127.0.0.1:9543"), []);
        foreach (var url in listen)
            Check(IsHttps(url, out _), $"{TenantSettings.Listen}: '{url}' is not an https URL");
        Check(listen.Count > 0, $"{TenantSettings.Listen} is empty");
        var names = Take(() => settings.List(TenantSettings.Names, "localhost,127.0.0.1,::1"), []);
        CheckHosts(TenantSettings.Names, names);
        var provider = Https(TenantSettings.ProviderUrl);
        Check(provider is not null || settings[TenantSettings.ProviderUrl] is not null, $"{TenantSettings.ProviderUrl} is missing: the https URL of the provider, for example https://provider.example:9443");
        var publicUrl = Https(TenantSettings.PublicUrl) ?? DefaultPublicUrl(listen, names);
        var options = new TenantOptions
        {
            DataPath = settings.Get(TenantSettings.Data, DataFolder.DefaultPath("tenant")),
            Listen = listen,
            Names = names,
            PublicUrl = publicUrl,
            ProviderUrl = provider ?? publicUrl,
            RootFingerprint = Fingerprint(),
            JoinKey = Take(() => settings.Secret(TenantSettings.JoinKey), null),
            TenantId = TenantId(),
            KeycloakUrl = HttpUrl(TenantSettings.KeycloakUrl),
            KeycloakAdmin = settings.Get(TenantSettings.KeycloakAdmin, "admin"),
            KeycloakAdminPassword = KeycloakAdminPassword(),
            PortalClientSecret = Take(() => settings.Secret(TenantSettings.PortalClientSecret), null),
            FederationSecret = Take(() => settings.Secret(TenantSettings.FederationSecret), null),
            FederationDiscoveryUrl = HttpUrl(TenantSettings.FederationDiscoveryUrl),
            Oidc = OidcOptionsReader.Read(settings, Mistake),
            Database = Take(() => settings.Secret(TenantSettings.Database), null),
            AdminPassword = Take(() => settings.Secret(TenantSettings.AdminPassword), null),
            DeviceLifetime = DeviceLifetime(),
            DeviceCertificatesPerHour = DeviceCertificatesPerHour(),
            ManufacturerCaFile = ManufacturerCaFile(),
            Broker = Broker(),
            WireGuardSubnet = WireGuardSubnet(),
            WireGuardEndpoint = WireGuardEndpoint(publicUrl),
            ResolvePasswords = folder => CaPasswords.Resolve(folder, name => settings[name]),
        };
        return errors.Count == 0
            ? options
            : throw new StartupException("the configuration cannot be used:\n" + string.Join('\n', errors.Select(e => "  - " + e)));
    }

    private string? Fingerprint()
    {
        if (settings[TenantSettings.RootFingerprint] is not { } text)
            return null;
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
            return null;
        Check(broker == BrokerSettings.RabbitMq, $"{BrokerSettings.Broker}: '{broker}' is not {BrokerSettings.RabbitMq}; leave it out where devices speak HTTPS only");
        var folder = settings[BrokerSettings.TlsFolder];
        Check(folder is null || Directory.Exists(folder), $"{BrokerSettings.TlsFolder}: there is no folder '{folder}'; make it, writable for the tenant and readable for RabbitMQ");
        var names = Take(() => settings.List(BrokerSettings.Names, "localhost,127.0.0.1"), []);
        CheckHosts(BrokerSettings.Names, names);
        return new BrokerOptions(folder, names, new RabbitMqManagementReader(settings, Mistake).Read("iot-tenant"));
    }

    private IPNetwork WireGuardSubnet()
    {
        var text = settings[TenantSettings.WireGuardSubnet];
        if (text is null)
            return TenantOptions.DefaultWireGuardSubnet;
        var good = IPNetwork.TryParse(text, out var subnet) && subnet.ToString() == text && subnet.BaseAddress.AddressFamily == AddressFamily.InterNetwork && subnet.PrefixLength is >= 8 and <= 30;
        Check(good, $"{TenantSettings.WireGuardSubnet}: '{text}' is not an IPv4 subnet of /8 to /30 without host bits, like 10.64.0.0/16");
        return good ? subnet : TenantOptions.DefaultWireGuardSubnet;
    }

    private string WireGuardEndpoint(Uri publicUrl)
    {
        var text = settings[TenantSettings.WireGuardEndpoint] ?? $"{publicUrl.Host}:51820";
        var colon = text.LastIndexOf(':');
        var good = colon > 0 && Uri.CheckHostName(text[..colon].Trim('[', ']')) != UriHostNameType.Unknown
            && ushort.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port > 0;
        Check(good, $"{TenantSettings.WireGuardEndpoint}: '{text}' is not host:port");
        return text;
    }

    private Uri? Https(string name)
    {
        var text = settings[name];
        if (text is null)
            return null;
        var good = IsHttps(text, out var url);
        Check(good, $"{name}: '{text}' is not an https URL");
        return good ? url : null;
    }

    private Uri? HttpUrl(string name)
    {
        var text = settings[name];
        if (text is null)
            return null;
        var good = Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https";
        Check(good, $"{name}: '{text}' is not an http or https URL");
        return good ? url : null;
    }

    // The port we listen on under the first name of the certificate: right on one machine, and a visible guess elsewhere.
    private static Uri DefaultPublicUrl(IReadOnlyList<string> listen, IReadOnlyList<string> names)
    {
        var port = listen.Count > 0 && IsHttps(listen[0], out var url) ? url.Port : 9543;
        var host = names.Count > 0 && Uri.CheckHostName(names[0]) != UriHostNameType.Unknown ? names[0] : "localhost";
        return new UriBuilder(Uri.UriSchemeHttps, host, port).Uri;
    }

    private static bool IsHttps(string text, out Uri url) =>
        Uri.TryCreate(text, UriKind.Absolute, out url!) && url.Scheme == Uri.UriSchemeHttps && url.UserInfo.Length == 0;

    private void CheckHosts(string setting, IReadOnlyList<string> names)
    {
        foreach (var name in names)
            Check(Uri.CheckHostName(name) is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6, $"{setting}: '{name}' is neither a DNS name nor an IP address");
        Check(names.Count > 0, $"{setting} is empty");
    }

    private void Mistake(string setting, string value, string why) => errors.Add($"{setting}: '{value}': {why}");

    private void Check(bool holds, string error)
    {
        if (!holds)
            errors.Add(error);
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
