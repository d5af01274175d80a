using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using IoTPlatform.Jose;
using IoTPlatform.Pki;
using JsonWebKey = Microsoft.IdentityModel.Tokens.JsonWebKey;

namespace IoTPlatform.CertificateAuthority.Provisioners;

/// <summary>The signature keys of an identity provider: from its discovery document (OpenID Connect Discovery 1.0 section 4), kept for an hour, asked for again for a key that is not among them.</summary>
internal sealed class OidcKeys(HttpClient http, Uri address, Func<string?, bool> isIssuer, TimeProvider time) : IDisposable
{
    /// <summary>Of a document or key set.</summary>
    public const int MaxBytes = 256 * 1024;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);

    /// <summary>Tokens of unknown keys cost the identity provider no more than a request in this time.</summary>
    private static readonly TimeSpan BetweenRequests = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _once = new(1);

    /// <summary>Whose keys are at the address itself; null: there is its discovery document.</summary>
    private string? _issuer;
    private JsonWebKeySet? _keys;
    private DateTimeOffset _asked = DateTimeOffset.MinValue;
    private DateTimeOffset _until = DateTimeOffset.MinValue;

    /// <summary>Without a discovery document.</summary>
    /// <param name="http">Its own from now on.</param>
    /// <param name="issuer">Whose keys they are.</param>
    /// <param name="keys">Where its key set is.</param>
    /// <param name="time">Of how long they are kept.</param>
    public static OidcKeys At(HttpClient http, string issuer, Uri keys, TimeProvider time) => new(http, keys, text => text == issuer, time) { _issuer = issuer };

    /// <summary>As the discovery document names it; null until keys were had.</summary>
    public string? Issuer { get; private set; }

    /// <summary>Null: the identity provider has no such key. Throws <see cref="JoseException"/> while its keys can't be had.</summary>
    public async Task<JsonWebKey?> FindAsync(string kid, CancellationToken cancellationToken)
    {
        if (_keys?.Find(kid) is { } known && time.GetUtcNow() < _until)
        {
            return known;
        }

        await _once.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            if ((_keys?.Find(kid) is null || now >= _until) && now >= _asked + BetweenRequests)
            {
                _asked = now;
                // For everybody: a caller who goes away must not spend the request. Bounded by the time each address has.
                (Issuer, _keys) = await ReadAsync(CancellationToken.None);
                _until = now + Kept;
            }

            return now < _until ? _keys?.Find(kid) : throw new JoseException(JoseError.UnknownKey, "The identity provider's keys could not be had a moment ago.");
        }
        finally
        {
            _once.Release();
        }
    }

    /// <param name="roots">Of the identity provider's TLS certificate; null: those of the system.</param>
    /// <param name="time">By which its dates are judged.</param>
    public static HttpClient Client(IReadOnlyList<X509Certificate2>? roots, TimeProvider time)
    {
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(2), MaxResponseHeadersLength = 32 };
        if (roots is not null)
        {
            handler.SslOptions.CertificateChainPolicy = TlsPolicy.JudgedElsewhere();
            handler.SslOptions.RemoteCertificateValidationCallback = (sender, certificate, chain, _) =>
                certificate is X509Certificate2 server && HostNameMatch.IsForTarget(sender, server)
                && ForeignChain.Verify(server, chain is null ? [] : chain.ChainPolicy.ExtraStore, roots, time.GetUtcNow(), out ForeignCertificate? _).IsValid;
        }

        return new HttpClient(handler) { Timeout = Patience, MaxResponseContentBufferSize = MaxBytes };
    }

    public void Dispose()
    {
        http.Dispose();
        _once.Dispose();
    }

    private async Task<(string Issuer, JsonWebKeySet Keys)> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_issuer is not null)
            {
                return (_issuer, JsonWebKeySet.Parse(await GetAsync(address, cancellationToken)));
            }

            using var document = JsonDocument.Parse(await GetAsync(address, cancellationToken), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            if (!document.RootElement.TryGetProperty("issuer", out var named) || !isIssuer(named.GetString()))
            {
                throw new JoseException(JoseError.BadIssuer, "The discovery document is another issuer's.");
            }

            return document.RootElement.TryGetProperty("jwks_uri", out var keys) && Uri.TryCreate(keys.GetString(), UriKind.Absolute, out var of) && IsReachable(of)
                ? (named.GetString()!, JsonWebKeySet.Parse(await GetAsync(of, cancellationToken)))
                : throw new JoseException(JoseError.Malformed, "The discovery document names no protected address of keys.");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or InvalidOperationException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new JoseException(JoseError.UnknownKey, $"The identity provider's keys can't be had: {e.Message}", e);
        }
    }

    /// <summary>An identity provider elsewhere must not send this host to services on its own machine.</summary>
    private bool IsReachable(Uri keys) => OidcProvisioner.IsProtected(keys) && (address.IsLoopback || !keys.IsLoopback);

    private async Task<byte[]> GetAsync(Uri from, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, from);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        using var response = await http.SendAsync(request, cancellationToken);
        return await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(cancellationToken);
    }
}
