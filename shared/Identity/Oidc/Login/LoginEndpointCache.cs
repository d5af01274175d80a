namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>Where to log in. Asked anew for nearly every login, so that nobody is sent to a server that is down; at most once in two seconds, whoever asks.</summary>
internal sealed class LoginEndpointCache(OidcOptions options, OidcHttp http, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);
    private readonly IssuerAddress _address = new(options);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private Task<LoginEndpoints>? _fetch;
    private DateTimeOffset _nextFetch;

    /// <summary>Throws <see cref="OidcException"/>.</summary>
    public Task<LoginEndpoints> GetAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (_fetch is null || (_fetch.IsCompleted && now >= _nextFetch))
            {
                _nextFetch = now + Pause;
                _fetch = FetchAsync(_stopping.Token);
            }

            return _fetch.WaitAsync(cancellationToken);
        }
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private async Task<LoginEndpoints> FetchAsync(CancellationToken stopping)
    {
        await Task.Yield(); // the caller holds the lock
        return LoginEndpoints.Of(DiscoveryDocument.Parse(await http.GetAsync(_address.Discovery, stopping), options.Issuer), _address);
    }
}
