using System.Net;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Outbound;

/// <summary>Where this host connects to on somebody else's word: no address by which it could be sent to its own machine, or to the secrets of its cloud.</summary>
internal static class ReachableAddresses
{
    private static readonly IPNetwork[] Never =
    [
        // This network, loopback, link-local with the metadata of clouds, multicast, broadcast; IPv6's, and AWS's metadata.
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("224.0.0.0/4"), IPNetwork.Parse("240.0.0.0/4"),
        IPNetwork.Parse("::/128"), IPNetwork.Parse("::1/128"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("ff00::/8"), IPNetwork.Parse("fd00:ec2::/32"),
        // IPv4 in IPv6's clothes, by which the others could be named again.
        IPNetwork.Parse("::/96"), IPNetwork.Parse("64:ff9b::/96"), IPNetwork.Parse("64:ff9b:1::/48"), IPNetwork.Parse("2001::/32"), IPNetwork.Parse("2002::/16"),
        // Where clouds answer their machines outside of link-local: Google, Azure, Alibaba, Oracle.
        IPNetwork.Parse("fd20:ce::254/128"), IPNetwork.Parse("168.63.129.16/32"), IPNetwork.Parse("100.100.100.200/32"), IPNetwork.Parse("192.0.0.0/24"),
    ];

    /// <param name="address">Of whatever name.</param>
    /// <param name="also">What an operator allows nevertheless.</param>
    public static bool IsAllowed(IPAddress address, IReadOnlyList<IPNetwork> also)
    {
        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return also.Any(network => network.Contains(address)) || !Never.Any(network => network.Contains(address));
    }

    /// <summary>The networks of a setting, comma separated: reached beside every unicast address that is neither this machine's nor a cloud's own.</summary>
    public static IReadOnlyList<IPNetwork> ReadAlso(SettingsReader settings, string setting)
    {
        var networks = new List<IPNetwork>();
        foreach (var text in settings.List(setting))
        {
            if (IPNetwork.TryParse(text, out var network))
            {
                networks.Add(network);
            }
            else
            {
                settings.Invalid(setting, text, "it is no network such as 127.0.0.0/8");
            }
        }

        return networks;
    }
}
