using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace IoTPlatform.Hosting;

public static class KestrelListen
{
    public static void Listen(this KestrelServerOptions kestrel, ListenAddress address, Action<ListenOptions> configure)
    {
        if (address.Address is { } ip)
        {
            kestrel.Listen(ip, address.Port, configure);
        }
        else
        {
            kestrel.ListenLocalhost(address.Port, configure);
        }
    }
}
