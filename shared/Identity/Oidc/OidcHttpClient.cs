using System.Security.Authentication;

namespace IoTPlatform.Identity.Oidc;

/// <summary>HTTP clients for the identity provider: bounded in time and size, no redirects, no cookies, its own CAs.</summary>
public static class OidcHttpClient
{
    /// <param name="options">Which CAs may certify the server.</param>
    /// <param name="timeout">For one whole exchange, body included.</param>
    /// <param name="maxAnswerBytes">A longer answer is an <see cref="HttpRequestException"/>.</param>
    /// <param name="around">What else every exchange goes through.</param>
    public static HttpClient Create(OidcOptions options, TimeSpan timeout, int maxAnswerBytes, Func<HttpMessageHandler, HttpMessageHandler>? around = null)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = !options.Reached.IsLoopback,
            ConnectTimeout = TimeSpan.FromSeconds(3),
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            MaxResponseHeadersLength = 32,
            SslOptions = { EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13 },
        };
        if (options.CaFile is not null)
        {
            PinnedIssuers.Apply(handler.SslOptions, options.CaFile);
        }
        else
        {
            handler.SslOptions.RemoteCertificateValidationCallback = static (sender, certificate, _, errors) => IssuerServer.IsNamed(sender, certificate, errors);
        }

        return new HttpClient(around?.Invoke(handler) ?? handler) { Timeout = timeout, MaxResponseContentBufferSize = maxAnswerBytes };
    }
}
