using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.Pki;

namespace IoTPlatform.Client;

/// <summary>HTTP clients that trust one server below the platform's root only: no system roots, no downloads, no redirects, bounded answers.</summary>
public static class PlatformHttp
{
    public const int MaxAnswerBytes = 8 * 1024 * 1024;
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    /// <param name="baseUrl">https only.</param>
    /// <param name="server">Who has to answer there.</param>
    /// <param name="client">Client certificate with its private key, for mTLS.</param>
    /// <param name="timeout">For one whole request.</param>
    /// <param name="clientChain">Issuers of the client certificate, sent along with it.</param>
    public static HttpClient Create(
        Uri baseUrl, ServerVerifier server, X509Certificate2? client, TimeSpan timeout, X509Certificate2Collection? clientChain = null)
    {
        var handler = Handler(baseUrl);
        server.ApplyTo(handler.SslOptions, baseUrl.IdnHost);
        if (client is not null)
        {
            handler.SslOptions.ClientCertificateContext = SslStreamCertificateContext.Create(client, clientChain, offline: true);
        }

        return Wrap(handler, baseUrl, timeout, MaxAnswerBytes);
    }

    // Only for what needs no trust: a root that is then compared with its fingerprint, and the server's clock.
    internal static HttpClient CreateUnverified(Uri baseUrl, TimeSpan timeout, int maxAnswerBytes)
    {
        var handler = Handler(baseUrl);
        handler.SslOptions.CertificateChainPolicy = TlsPolicy.JudgedElsewhere();
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        return Wrap(handler, baseUrl, timeout, maxAnswerBytes);
    }

    private static SocketsHttpHandler Handler(Uri baseUrl) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = !baseUrl.IsLoopback,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        MaxResponseHeadersLength = 32,
        SslOptions = { EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 },
    };

    private static HttpClient Wrap(SocketsHttpHandler handler, Uri baseUrl, TimeSpan timeout, int maxAnswerBytes)
    {
        if (baseUrl.Scheme != Uri.UriSchemeHttps)
        {
            handler.Dispose();
            throw new ArgumentException($"{baseUrl} is not an https URL", nameof(baseUrl));
        }
        var root = baseUrl.AbsolutePath.EndsWith('/') ? baseUrl : new Uri(baseUrl.AbsoluteUri + "/");
        return new HttpClient(handler) { BaseAddress = root, Timeout = timeout, MaxResponseContentBufferSize = maxAnswerBytes };
    }
}
