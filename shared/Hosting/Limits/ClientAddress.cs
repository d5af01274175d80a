using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Hosting;

/// <summary>What counts as one caller in every limiter: an IPv4 address, or an IPv6 /64, because a subscriber has a whole one.</summary>
public static class ClientAddress
{
    private const string Unknown = "unknown";

    public static string Of(HttpContext context) => Of(context.Connection.RemoteIpAddress);

    public static string Of(IPAddress? address)
    {
        if (address is null)
        {
            return Unknown;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6 || IPAddress.IsLoopback(address))
        {
            return address.ToString();
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes) + "/64";
    }
}

public static class KnownClient
{
    /// <summary>
    /// The caller has brought a valid credential, so its connection is not shed for strangers'. Authentication says so by itself; an endpoint
    /// that is anonymous for the router and checks a credential of its own calls this once the credential has proved good.
    /// </summary>
    /// <param name="identity">Whose credential: connections are counted by it.</param>
    public static void Know(this HttpContext context, string identity) => Know(context.Features, context.RequestServices, identity);

    /// <summary>The same for a connection of another protocol than HTTP.</summary>
    public static void Know(this ConnectionContext connection, IServiceProvider services, string identity) => Know(connection.Features, services, identity);

    private static void Know(IFeatureCollection features, IServiceProvider services, string identity)
    {
        if (features.Get<ClientConnection>() is { Identity: null } connection)
        {
            services.GetRequiredService<ClientConnections>().Know(connection, identity);
        }
    }
}
