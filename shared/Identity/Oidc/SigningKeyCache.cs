using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using JsonWebKeySet = IoTPlatform.Jose.JsonWebKeySet;

namespace IoTPlatform.Identity.Oidc;

/// <summary>An issuer's keys.</summary>
internal interface ISigningKeys
{
    /// <summary>Null: the issuer has no such key. Throws <see cref="ProblemException"/> 503 while there are no keys at all.</summary>
    ValueTask<JsonWebKey?> FindAsync(string keyId);
}

/// <summary>
/// The issuer's keys, fetched when first needed and again now and then. While the issuer can't be reached, keys that were fetched
/// before stay good until their lifetime ends.
/// </summary>
internal sealed partial class SigningKeyCache(OidcOptions options, OidcHttp http, IssuerState state, TimeProvider time, ILogger<SigningKeyCache> logger) : ISigningKeys, IDisposable
{
    /// <summary>After this, keys are fetched again behind the callers' backs.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);

    /// <summary>After this, keys that could not be fetched again are no longer accepted.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>At most one fetch in this time, whatever key ids callers make up.</summary>
    public static readonly TimeSpan RefetchInterval = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private JsonWebKeySet? _keys;
    private string? _keysOf;
    private DateTimeOffset _fetchedAt;
    private Task? _fetch;
    private string? _asked;
    private DateTimeOffset _nextFetch = DateTimeOffset.MinValue;

    /// <summary>Null: the issuer has no such key. Throws <see cref="ProblemException"/> 503 while there are no keys at all: <c>identity_unavailable</c>, or <c>identity_misconfigured</c>.</summary>
    public async ValueTask<JsonWebKey?> FindAsync(string keyId)
    {
        if (Usable() is { } keys)
        {
            if (keys.Find(keyId) is { } known)
            {
                if (time.GetUtcNow() - _fetchedAt >= Fresh)
                {
                    _ = Refresh();
                }

                return known;
            }
        }

        // Either no keys, or perhaps a new one: the issuer has rolled over.
        if (Refresh() is { } fetch)
        {
            await fetch;
        }

        return (Usable() ?? throw Unavailable()).Find(keyId);
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private JsonWebKeySet? Usable()
    {
        lock (_gate)
        {
            return _keys is not null && _keysOf == options.Issuer && time.GetUtcNow() - _fetchedAt < Lifetime ? _keys : null;
        }
    }

    /// <summary>The fetch that runs, perhaps started now; null: too early for another one.</summary>
    private Task? Refresh()
    {
        lock (_gate)
        {
            var (now, issuer) = (time.GetUtcNow(), options.Now);
            if (_fetch is { IsCompleted: false } running)
            {
                return running;
            }

            if (now < _nextFetch && issuer.Issuer == _asked)
            {
                return null;
            }

            (_nextFetch, _asked) = (now + RefetchInterval, issuer.Issuer);
            return _fetch = FetchAsync(issuer, _stopping.Token);
        }
    }

    private async Task FetchAsync(OidcOptions issuer, CancellationToken stopping)
    {
        await Task.Yield(); // the caller holds the lock
        try
        {
            var address = new IssuerAddress(issuer);
            var discovery = DiscoveryDocument.Parse(await http.GetAsync(address.Discovery, stopping), issuer.Issuer);
            var set = JsonWebKeySet.Parse(await http.GetAsync(address.Resolve(discovery.JwksUri ?? throw new OidcException("The discovery document has no jwks_uri.")), stopping));
            state.Succeeded();
            lock (_gate)
            {
                (_keys, _keysOf, _fetchedAt) = (set, issuer.Issuer, time.GetUtcNow());
                Fetched(logger, issuer.Issuer, set.Keys.Count);
            }
        }
        catch (Exception e) when (e is OidcException or JoseException)
        {
            if (e is OidcException failure)
            {
                state.Failed(failure);
            }

            Failed(logger, issuer.Issuer, e.Message);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The host is stopping.
        }
    }

    /// <summary>Without Retry-After where only an administrator can help.</summary>
    private ProblemException Unavailable() => state.Problem
        ?? new(503, "identity_unavailable", "The identity provider cannot be asked at the moment.", RefetchInterval);

    [LoggerMessage(30, LogLevel.Debug, "{Count} signing keys fetched from {Issuer}")]
    private static partial void Fetched(ILogger logger, string issuer, int count);

    [LoggerMessage(31, LogLevel.Warning, "the signing keys of {Issuer} could not be fetched: {Reason}")]
    private static partial void Failed(ILogger logger, string issuer, string reason);
}
