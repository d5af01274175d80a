using System.Collections.Concurrent;
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

    /// <summary>TLS of a listener with this certificate, for protocols that clients may negotiate.</summary>
    public static TlsHandshakeCallbackOptions Handshake(this ServiceCertificate certificate, params SslApplicationProtocol[] protocols) => new()
    {
        HandshakeTimeout = HandshakeTimeout,
        // Asked for every connection: a renewed certificate is served without a restart.
        OnConnection = async connection => (await certificate.TlsForAsync(connection.ClientHelloInfo.ServerName, connection.CancellationToken)).For(protocols),
    };

    /// <summary>
    /// Listens on the given https URLs with the module's certificate. Client certificates are asked for, not demanded, and judged
    /// by the authentication scheme: the TLS layer builds no system-trust chain and downloads nothing.
    /// </summary>
    /// <param name="builder">The host's.</param>
    /// <param name="urls">Where it listens.</param>
    /// <param name="certificate">The module's.</param>
    /// <param name="other">Takes the connections of a protocol that clients may negotiate in place of HTTP; null: there is none.</param>
    public static IWebHostBuilder UseServiceCertificate(
        this IWebHostBuilder builder, IEnumerable<string> urls, ServiceCertificate certificate, (SslApplicationProtocol Protocol, Action<ListenOptions> Use)? other = null)
    {
        var bindings = urls.Select(ListenAddress.Parse).ToArray();
        var tls = certificate.Handshake([SslApplicationProtocol.Http2, SslApplicationProtocol.Http11, .. other is { } o ? new[] { o.Protocol } : []]);
        return builder.ConfigureKestrel(kestrel =>
        {
            foreach (var address in bindings)
            {
                kestrel.Listen(address, listen =>
                {
                    listen.Protocols = HttpProtocols.Http1AndHttp2;
                    listen.UseConnectionLimits();
                    listen.UseHttps(tls);
                    other?.Use(listen);
                });
            }
        });
    }
}

/// <summary>The TLS side of one generation of the service certificate, made once and shared by all its connections.</summary>
internal sealed class ServiceTls(X509Certificate2 certificate, X509Certificate2Collection issuers)
{
    private readonly ConcurrentDictionary<SslApplicationProtocol[], SslServerAuthenticationOptions> _options = new();

    public X509Certificate2 Certificate { get; } = certificate;

    // offline: the chain is what we give, nothing is fetched. Else, too, but for the OCSP answer that is stapled (RFC 6066 8) where the certificate says who gives it.
    public SslStreamCertificateContext Context { get; } = SslStreamCertificateContext.Create(certificate, issuers, offline: !NamesOcsp(certificate));

    /// <param name="protocols">A listener's own list.</param>
    public SslServerAuthenticationOptions For(SslApplicationProtocol[] protocols) => _options.GetOrAdd(protocols, Create);

    private static bool NamesOcsp(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509AuthorityInformationAccessExtension>().SingleOrDefault() is { } access && access.EnumerateOcspUris().Any();

    private SslServerAuthenticationOptions Create(SslApplicationProtocol[] protocols) => new()
    {
        ServerCertificateContext = Context,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [.. protocols],
        AllowRenegotiation = false,
        ClientCertificateRequired = true,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = TlsPolicy.JudgedElsewhere(),
        // Asked for, not demanded, and not judged here: the handshake only proves that the caller has the key. LeafVerifier judges.
        RemoteCertificateValidationCallback = PresentedIssuers.Keep,
    };
}
