using System.Buffers.Binary;
using System.Collections.Concurrent;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>
/// Who is signed in, asked again at the identity provider before its access token ends. A session that it refuses to go on with ends
/// here, too; one that it can't be asked about is good as long as its access token is.
/// </summary>
internal sealed partial class OidcSessions(
    OidcSessionStore store, OidcOptions options, TokenEndpoint tokens, TokenAcceptance acceptance, NpgsqlDataSource database, TimeProvider time, IHostApplicationLifetime host, ILogger<OidcSessions> logger)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PlaceWait = TimeSpan.FromSeconds(10);
    private const int MostRefreshes = 4;

    // One refresh per session at a time: a refresh token is good for one use, and a second one looks like a theft.
    private readonly ConcurrentDictionary<string, Lazy<Task<OidcSession?>>> _refreshing = new(StringComparer.Ordinal);

    // Each has a connection of its own beside the pool while the identity provider is asked.
    private readonly SemaphoreSlim _places = new(MostRefreshes, MostRefreshes);

    /// <summary>Null if the session is unknown or has expired. Throws <see cref="ProblemException"/> 503 <c>identity_unavailable</c> when the identity provider has to be asked and doesn't answer.</summary>
    public async Task<OidcSession?> FindAsync(string token, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(token, cancellationToken) is not { } session || session.Issuer != options.Issuer)
        {
            return null;
        }

        if (time.GetUtcNow() < session.RefreshAt)
        {
            return UntilItEnds(session);
        }

        // The refresh continues when its callers disconnect, or a rotated refresh token would be lost.
        var refresh = _refreshing.GetOrAdd(token, key => new Lazy<Task<OidcSession?>>(() => RefreshOnceAsync(key, session)));
        return await refresh.Value.WaitAsync(cancellationToken);
    }

    private async Task<OidcSession?> RefreshOnceAsync(string token, OidcSession known)
    {
        await Task.Yield();
        var taken = false;
        try
        {
            taken = await _places.WaitAsync(PlaceWait, host.ApplicationStopping);
            if (!taken)
            {
                return UntilItEnds(known);
            }
            // Another refresh may have ended, here or in another process, since this caller read the session.
            await using var held = await LockAsync(token, host.ApplicationStopping);
            return await store.FindAsync(token, host.ApplicationStopping) is not { } session ? null
                : time.GetUtcNow() < session.RefreshAt ? session
                : await RefreshAsync(token, session, host.ApplicationStopping);
        }
        finally
        {
            if (taken)
            {
                _places.Release();
            }

            _refreshing.TryRemove(token, out _);
        }
    }

    // It ends with the other process, or with that one's time-out at the token endpoint.
    private async Task<AdvisoryLock> LockAsync(string token, CancellationToken stopping)
    {
        var key = BinaryPrimitives.ReadInt64BigEndian(SessionToken.Hash(token));
        AdvisoryLock? held;
        do
        {
            held = await AdvisoryLock.TryAcquireAsync(database, key, LockWait, stopping);
        }
        while (held is null);
        return held;
    }

    private async Task<OidcSession?> RefreshAsync(string token, OidcSession session, CancellationToken stopping)
    {
        try
        {
            if (session.RefreshToken is null)
            {
                return IsValid(session) ? session : await EndAsync(token, session, "there is no refresh token");
            }

            var refreshed = await acceptance.AcceptRefreshAsync(await tokens.RefreshAsync(session.RefreshToken, stopping), session);
            return await store.TryReplaceAsync(token, refreshed, stopping) ? refreshed : null;
        }
        catch (Exception e) when (e is TokenRefusedException or JoseException or LoginException)
        {
            return await EndAsync(token, session, e.Message);
        }
        catch (Exception e) when (e is OidcException or ProblemException { Status: 503 })
        {
            Postponed(logger, session.Name, e.Message);
            await store.PostponeRefreshAsync(token, time.GetUtcNow() + RetryAfter, stopping);
            return UntilItEnds(session, e);
        }
    }

    private bool IsValid(OidcSession session) => time.GetUtcNow() < session.ValidUntil;

    // Good without a refresh as long as its access token is.
    private OidcSession UntilItEnds(OidcSession session, Exception? inner = null) => IsValid(session)
        ? session
        : throw new ProblemException(503, "identity_unavailable", "The identity provider cannot be asked at the moment.", RetryAfter, inner);

    private async Task<OidcSession?> EndAsync(string token, OidcSession session, string reason)
    {
        Ended(logger, session.Name, reason);
        await store.CloseAsync(token, "session.ended", session.Name, CancellationToken.None);
        return null;
    }

    [LoggerMessage(34, LogLevel.Warning, "the session of {Name} could not be refreshed: {Reason}")]
    private static partial void Postponed(ILogger logger, string name, string reason);

    [LoggerMessage(35, LogLevel.Information, "the session of {Name} has ended: {Reason}")]
    private static partial void Ended(ILogger logger, string name, string reason);
}
