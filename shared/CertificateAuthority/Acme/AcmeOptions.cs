using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using IoTPlatform.CertificateAuthority.Outbound;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Acme;

/// <summary>What of ACME (RFC 8555) is the host's: a provisioner of its own, and whom the challenges of all may reach.</summary>
public sealed partial record AcmeOptions
{
    public const string NameSetting = "IOT_ACME";
    public const string NetworksSetting = "IOT_ACME_NETWORKS";
    public const string HttpPortSetting = "IOT_ACME_HTTP_PORT";
    public const string TlsPortSetting = "IOT_ACME_TLS_PORT";
    public const string ResolverSetting = "IOT_ACME_RESOLVER";

    private const int HighestPort = 65535;

    public static IReadOnlyList<string> Settings { get; } = [NameSetting, NetworksSetting, HttpPortSetting, TlsPortSetting, ResolverSetting];

    /// <summary>Of a provisioner that is a setting of the host, and part of its addresses: <c>/acme/{name}/directory</c>. Null: those of the database serve alone.</summary>
    public string? Name { get; init; }

    /// <summary>Beside every unicast address that is neither this machine's loopback nor link-local, where cloud machines find their secrets.</summary>
    public IReadOnlyList<IPNetwork> AlsoReached { get; init; } = [];

    /// <summary>Of http-01; 80 by RFC 8555 8.3, another behind a forwarding network only.</summary>
    public int HttpPort { get; init; } = 80;

    /// <summary>Of tls-alpn-01; 443 by RFC 8737 3.</summary>
    public int TlsPort { get; init; } = 443;

    /// <summary>The DNS server that is asked; null: the machine's.</summary>
    public IPEndPoint? Resolver { get; init; }

    /// <summary>No provisioner without <see cref="NameSetting"/>: whoever reaches this CA and owns a name could get a certificate for it, which is for an operator to want.</summary>
    public static AcmeOptions Read(SettingsReader settings)
    {
        var name = settings[NameSetting];
        if (name is not null && (!ProvisionerName().IsMatch(name) || name == JwkProvisioner.DefaultName))
        {
            settings.Invalid(NameSetting, name, $"it is no name of 1 to 32 lower-case letters, digits and hyphens, such as acme, or it is another provisioner's");
        }

        return new AcmeOptions
        {
            Name = name,
            AlsoReached = ReachableAddresses.ReadAlso(settings, NetworksSetting),
            HttpPort = settings.Number(HttpPortSetting, HighestPort, "a port") ?? 80,
            TlsPort = settings.Number(TlsPortSetting, HighestPort, "a port") ?? 443,
            Resolver = ResolverOf(settings),
        };
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
