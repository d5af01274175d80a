using System.Security.Authentication;

namespace IoTPlatform.Identity.Oidc;

/// <summary>Fetches documents from the identity provider.</summary>
internal sealed class OidcHttp : IDisposable
{
    /// <summary>Keycloak's discovery document has 7 KB, its key set 3 KB.</summary>
    public const int MaxDocumentBytes = 256 * 1024;

    private readonly HttpClient _client;

    /// <param name="timeout">For one document; default 5 s.</param>
    public OidcHttp(OidcOptions options, TimeSpan? timeout = null) => _client = OidcHttpClient.Create(options, timeout ?? TimeSpan.FromSeconds(5), MaxDocumentBytes);

    /// <summary>Throws <see cref="OidcException"/> for anything but a 200 of at most <see cref="MaxDocumentBytes"/>.</summary>
    public async Task<byte[]> GetAsync(Uri url, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, url) { Headers = { { "Accept", "application/json" } } };
            using var response = await _client.SendAsync(request, cancellationToken);
            return response.StatusCode == System.Net.HttpStatusCode.OK
                ? await response.Content.ReadAsByteArrayAsync(cancellationToken)
                : throw new OidcException($"{url} answered {(int)response.StatusCode}{(response.Headers.Location is null ? "" : ", a redirect, which is not followed")}.");
        }
        catch (HttpRequestException e)
        {
            throw new OidcException($"{url} could not be fetched: {e.GetBaseException().Message}", e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new OidcException($"{url} did not answer within {_client.Timeout.TotalSeconds} s.", e);
        }
    }

    public void Dispose() => _client.Dispose();
}

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
