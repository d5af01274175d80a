using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Hosting;

public static class KnownClient
{
    /// <summary>
    /// The caller has brought a valid credential, so its connection is not shed for strangers'. Authentication says so by itself; an endpoint
    /// that is anonymous for the router and checks a credential of its own calls this once the credential has proved good.
    /// </summary>
    /// <param name="identity">Whose credential: connections are counted by it.</param>
    public static void Know(this HttpContext context, string identity)
    {
        if (context.Features.Get<ClientConnection>() is { Identity: null } connection)
        {
            context.RequestServices.GetRequiredService<ClientConnections>().Know(connection, identity);
        }
    }
}
