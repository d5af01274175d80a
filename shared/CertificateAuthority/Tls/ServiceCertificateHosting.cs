using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace IoTPlatform.CertificateAuthority;

public static class ServiceCertificateHosting
{
    /// <summary>
    /// Listens on the given https URLs with the module's certificate. Client certificates are asked for, not demanded, and judged
    /// by the authentication scheme: the TLS layer builds no system-trust chain and downloads nothing.
    /// </summary>
    public static IWebHostBuilder UseServiceCertificate(this IWebHostBuilder builder, IEnumerable<string> urls, ServiceCertificate certificate)
    {
        var bindings = urls.Select(ListenAddress.Parse).ToArray();
        return builder.ConfigureKestrel(kestrel =>
        {
            foreach (var address in bindings)
            {
                Listen(kestrel, address, listen =>
                {
                    listen.Protocols = HttpProtocols.Http1AndHttp2;
                    listen.UseHttps(new TlsHandshakeCallbackOptions
                    {
                        // Asked for every connection: a renewed certificate is served without a restart.
                        OnConnection = _ => ValueTask.FromResult(certificate.Tls.Options),
                    });
                });
            }
        });
    }

    private static void Listen(KestrelServerOptions kestrel, ListenAddress address, Action<ListenOptions> configure)
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
