using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>The ACME provisioner (RFC 8555): under which name, and whom its challenges may reach.</summary>
public sealed partial record AcmeOptions
{
    public const string NameSetting = "IOT_ACME";
    public const string NetworksSetting = "IOT_ACME_NETWORKS";
    public const string HttpPortSetting = "IOT_ACME_HTTP_PORT";
    public const string TlsPortSetting = "IOT_ACME_TLS_PORT";
    public const string ResolverSetting = "IOT_ACME_RESOLVER";

    private const int HighestPort = 65535;

    public static IReadOnlyList<string> Settings { get; } = [NameSetting, NetworksSetting, HttpPortSetting, TlsPortSetting, ResolverSetting];

    /// <summary>Part of its addresses: <c>/acme/{name}/directory</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Beside every unicast address that is neither this machine's loopback nor link-local, where cloud machines find their secrets.</summary>
    public IReadOnlyList<IPNetwork> AlsoReached { get; init; } = [];

    /// <summary>Of http-01; 80 by RFC 8555 8.3, another behind a forwarding network only.</summary>
    public int HttpPort { get; init; } = 80;

    /// <summary>Of tls-alpn-01; 443 by RFC 8737 3.</summary>
    public int TlsPort { get; init; } = 443;

    /// <summary>The DNS server that is asked; null: the machine's.</summary>
    public IPEndPoint? Resolver { get; init; }

    /// <summary>Null without <see cref="NameSetting"/>: whoever reaches this CA and owns a name could get a certificate for it, which is for an operator to want.</summary>
    public static AcmeOptions? Read(SettingsReader settings)
    {
        if (settings[NameSetting] is not { } name)
        {
            foreach (var setting in Settings.Where(setting => settings[setting] is not null))
            {
                settings.Add($"{setting} goes with {NameSetting}, the name of the ACME provisioner");
            }

            return null;
        }

        if (!ProvisionerName().IsMatch(name) || name == JwkProvisioner.DefaultName)
        {
            settings.Invalid(NameSetting, name, $"it is no name of 1 to 32 lower-case letters, digits and hyphens, such as acme, or it is another provisioner's");
        }

        return new AcmeOptions
        {
            Name = name,
            AlsoReached = Networks(settings),
            HttpPort = settings.Number(HttpPortSetting, HighestPort, "a port") ?? 80,
            TlsPort = settings.Number(TlsPortSetting, HighestPort, "a port") ?? 443,
            Resolver = ResolverOf(settings),
        };
    }

    private static List<IPNetwork> Networks(SettingsReader settings)
    {
        var networks = new List<IPNetwork>();
        foreach (var text in settings.List(NetworksSetting))
        {
            if (IPNetwork.TryParse(text, out var network))
            {
                networks.Add(network);
            }
            else
            {
                settings.Invalid(NetworksSetting, text, "it is no network such as 127.0.0.0/8");
            }
        }

        return networks;
    }

    private static IPEndPoint? ResolverOf(SettingsReader settings)
    {
        const int DnsPort = 53;
        if (settings[ResolverSetting] is not { } text)
        {
            return null;
        }

        if (IPEndPoint.TryParse(text, out var resolver))
        {
            return resolver.Port == 0 ? new IPEndPoint(resolver.Address, DnsPort) : resolver;
        }

        settings.Invalid(ResolverSetting, text, string.Create(CultureInfo.InvariantCulture, $"it is no IP address with a port, such as 192.0.2.53:{DnsPort}"));
        return null;
    }

    [GeneratedRegex("^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$", RegexOptions.None, Timeout.Infinite)]
    private static partial Regex ProvisionerName();
}
