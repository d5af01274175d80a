using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>
/// The login endpoints, each with the address that its caller (browser or server) can reach. Read again for nearly every login, so that no
/// browser is redirected to a server that is down; at most once in two seconds.
/// </summary>
internal sealed class LoginConfiguration(OidcOptions options, OidcHttp http, TimeProvider time) : IConfigurationManager<OpenIdConnectConfiguration>, IDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private Task<OpenIdConnectConfiguration>? _fetch;
    private string? _fetchedFrom;
    private DateTimeOffset _nextFetch;

    /// <summary>Throws <see cref="OidcException"/>.</summary>
    public Task<OpenIdConnectConfiguration> GetConfigurationAsync(CancellationToken cancel)
    {
        lock (_gate)
        {
            var (now, issuer) = (time.GetUtcNow(), options.Now);
            if (_fetch is null || issuer.Issuer != _fetchedFrom || (_fetch.IsCompleted && now >= _nextFetch))
            {
                (_nextFetch, _fetchedFrom) = (now + RetryAfter, issuer.Issuer);
                _fetch = FetchAsync(issuer, _stopping.Token);
            }

            return _fetch.WaitAsync(cancel);
        }
    }

    /// <summary>The next login asks anyway.</summary>
    public void RequestRefresh()
    {
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private async Task<OpenIdConnectConfiguration> FetchAsync(OidcOptions issuer, CancellationToken stopping)
    {
        await Task.Yield(); // the caller holds the lock
        var address = new IssuerAddress(issuer);
        var document = DiscoveryDocument.Parse(await http.GetAsync(address.Discovery, stopping), issuer.Issuer);
        document.AuthorizationEndpoint = address.Public(document.AuthorizationEndpoint ?? throw new OidcException("The discovery document has no authorization_endpoint.")).AbsoluteUri;
        document.TokenEndpoint = address.Resolve(document.TokenEndpoint ?? throw new OidcException("The discovery document has no token_endpoint.")).AbsoluteUri;
        document.EndSessionEndpoint = document.EndSessionEndpoint is null ? null : address.Public(document.EndSessionEndpoint).AbsoluteUri;
        return document;
    }
}
