using System.Net;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace IoTPlatform.CertificateAuthority;

public static class ServiceCertificateHosting
{
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Listens on the given https URLs with the module's certificate. Client certificates are asked for, not demanded, and judged
    /// by the authentication scheme: the TLS layer builds no system-trust chain and downloads nothing.
    /// </summary>
    public static IWebHostBuilder UseServiceCertificate(this IWebHostBuilder builder, IEnumerable<string> urls, ServiceCertificate certificate)
    {
        var bindings = urls.Select(Parse).ToArray();
        return builder.ConfigureKestrel(kestrel =>
        {
            foreach (var url in bindings)
            {
                Listen(kestrel, url, listen =>
                {
                    listen.Protocols = HttpProtocols.Http1AndHttp2;
                    listen.UseConnectionLimits();
                    listen.UseHttps(new TlsHandshakeCallbackOptions
                    {
                        HandshakeTimeout = HandshakeTimeout,
                        // Asked for every connection: a renewed certificate is served without a restart.
                        OnConnection = _ => ValueTask.FromResult(certificate.Tls.Options),
                    });
                });
            }
        });
    }

    private static Uri Parse(string url) =>
        Uri.TryCreate(url.Replace("//*", "//[::]", StringComparison.Ordinal).Replace("//+", "//[::]", StringComparison.Ordinal), UriKind.Absolute, out var parsed)
        && string.Equals(parsed.Scheme, Uri.UriSchemeHttps, StringComparison.Ordinal)
        && parsed.AbsolutePath is "/"
            ? parsed
            : throw new StartupException($"'{url}' is no address to listen on; an example is https://127.0.0.1:9443 (IOT_LISTEN).");

    private static void Listen(KestrelServerOptions kestrel, Uri url, Action<ListenOptions> configure)
    {
        if (IPAddress.TryParse(url.DnsSafeHost, out var address))
        {
            kestrel.Listen(address, url.Port, configure);
        }
        else if (url.IsLoopback)
        {
            kestrel.ListenLocalhost(url.Port, configure);
        }
        else
        {
            throw new StartupException($"'{url}' must have an IP address, localhost or * as its host (IOT_LISTEN).");
        }
    }
}
