using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
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
        var bindings = urls.Select(ListenAddress.Parse).ToArray();
        return builder.ConfigureKestrel(kestrel =>
        {
            foreach (var address in bindings)
            {
                Listen(kestrel, address, listen =>
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

/// <summary>The TLS side of one generation of the service certificate, made once and shared by all its connections.</summary>
internal sealed class ServiceTls
{
    public ServiceTls(X509Certificate2 certificate, X509Certificate2Collection issuers)
    {
        Certificate = certificate;
        Options = new SslServerAuthenticationOptions
        {
            // offline: the chain is what we give, nothing is fetched.
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, issuers, offline: true),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
            AllowRenegotiation = false,
            ClientCertificateRequired = true,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = TlsPolicy.JudgedElsewhere(),
            // Asked for, not demanded, and not judged here: the handshake only proves that the caller has the key. LeafVerifier judges.
            RemoteCertificateValidationCallback = PresentedIssuers.Keep,
        };
    }

    public X509Certificate2 Certificate { get; }

    public SslServerAuthenticationOptions Options { get; }
}
