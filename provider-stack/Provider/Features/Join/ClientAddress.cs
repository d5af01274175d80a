using System.Net;
using System.Net.Sockets;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>What counts as one caller: an IPv4 address, or an IPv6 /64, because a subscriber has a whole one.</summary>
internal static class ClientAddress
{
    public static string Of(HttpContext context) => context.Connection.RemoteIpAddress is { } address ? Of(address) : "unknown";

    public static string Of(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || IPAddress.IsLoopback(address))
            return address.ToString();
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes) + "/64";
    }
}
