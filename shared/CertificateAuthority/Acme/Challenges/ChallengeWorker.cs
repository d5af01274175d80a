using System.Collections.Frozen;
using IoTPlatform.CertificateAuthority.Provisioners;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.CertificateAuthority.Acme.Challenges;

/// <summary>Proves that whoever holds an account's key also holds an identifier.</summary>
internal interface IChallengeKind
{
    /// <summary>As in the registry of RFC 8555 9.7.8.</summary>
    string Type { get; }

    /// <summary>Whether it can prove that; a wildcard only by DNS (RFC 8555 8.3).</summary>
    bool CanProve(AcmeIdentifier identifier, bool isWildcard);

    /// <summary>What is wrong; null: it is proven. Within seconds, whatever is at the other end.</summary>
    Task<AcmeProblem?> LookAsync(DueChallenge challenge, CancellationToken cancellationToken);
}

/// <summary>Looks at challenges: at once when a client asks, again a few times, and at those that a process left behind.</summary>
internal sealed partial class ChallengeWorker(
    ChallengeQueue queue, AcmeOrders orders, AcmeNonces nonces, IEnumerable<IChallengeKind> kinds, ProvisionerRegistry provisioners, Authority authority, ILogger<ChallengeWorker> log) : BackgroundService
{
    private const int MostAtOnce = 32;

    /// <summary>For what a client waits for; the others wait for their turn.</summary>
    private const int MostAtOnceOfClients = MostAtOnce / 2;

    /// <summary>How long a client waits for the first look before it is told that the challenge is under way.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SweepInterval = TimeSpan.FromHours(1);
    private static readonly TimeSpan SweepRetry = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(7);

    /// <summary>Between looks; what has failed after the last one has failed.</summary>
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10)];

    private readonly FrozenDictionary<string, IChallengeKind> _kinds = kinds.ToFrozenDictionary(kind => kind.Type, StringComparer.Ordinal);
    private readonly TimeProvider _time = authority.Time;
    private readonly SemaphoreSlim _places = new(MostAtOnce);
    private readonly SemaphoreSlim _news = new(0, 1);
    private CancellationToken _stopping;

    /// <summary>A challenge is due in this moment.</summary>
    public void Wake()
    {
        try
        {
            _news.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is awake.
        }
    }

    /// <summary>
    /// Has a challenge looked at, at once where there is a place, and waits a moment for what comes of it: most clients need no more than that one request.
    /// False: it is under way or over, or the account has too many.
    /// </summary>
    public async Task<bool> StartAsync(string accountId, DueChallenge challenge, CancellationToken cancellationToken)
    {
        var hasPlace = _places.CurrentCount > MostAtOnce - MostAtOnceOfClients && _places.Wait(0, CancellationToken.None);
        var isStarted = false;
        try
        {
            // Whoever goes away now leaves none that is started and that nobody looks at.
            isStarted = await queue.StartAsync(accountId, challenge.Id, hasPlace, _time.GetUtcNow(), CancellationToken.None);
        }
        finally
        {
            if (hasPlace && !isStarted)
            {
                _places.Release();
            }
        }

        if (isStarted && hasPlace)
        {
            var look = LookAsync(challenge, isWaitedFor: true, _stopping);
            try
            {
                // The client's own time, whatever the authority's clock says.
                await look.WaitAsync(Patience, TimeProvider.System, cancellationToken);
            }
            catch (TimeoutException)
            {
                // It goes on.
            }
        }
        else if (isStarted)
        {
            Wake();
        }

        return isStarted;
    }

    public override void Dispose()
    {
        base.Dispose();
        _places.Dispose();
        _news.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _stopping = stoppingToken;
        var sweepAt = _time.GetUtcNow();
        while (!stoppingToken.IsCancellationRequested)
        {
            var wait = LongestWait;
            try
            {
                // The database is not asked for what none could have placed.
                var serves = provisioners.All.Any(provisioner => provisioner is AcmeProvisioner);
                if (serves)
                {
                    await TakeAsync(stoppingToken);
                }

                if (serves && await queue.NextAsync(_time.GetUtcNow(), stoppingToken) is { } next)
                {
                    wait = TimeSpan.FromTicks(Math.Clamp((next - _time.GetUtcNow()).Ticks, TimeSpan.TicksPerMillisecond * 50, LongestWait.Ticks));
                }

                if (_time.GetUtcNow() >= sweepAt)
                {
                    sweepAt = _time.GetUtcNow() + SweepRetry;
                    await nonces.SweepAsync(stoppingToken);
                    if (await orders.ForgetAsync(_time.GetUtcNow() - Remembered, stoppingToken) < AcmeOrders.ForgottenAtOnce)
                    {
                        sweepAt = _time.GetUtcNow() + SweepInterval;
                    }
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                RoundFailed(e);
            }

            try
            {
                await _news.WaitAsync(wait, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        // What is under way ends within its bound.
        for (var place = 0; place < MostAtOnce; place++)
        {
            await _places.WaitAsync(CancellationToken.None);
        }
    }

    private async Task TakeAsync(CancellationToken stoppingToken)
    {
        while (_places.CurrentCount > 0)
        {
            var due = await queue.TakeAsync(_places.CurrentCount, _time.GetUtcNow(), stoppingToken);
            foreach (var challenge in due)
            {
                await _places.WaitAsync(stoppingToken);
                _ = LookAsync(challenge, isWaitedFor: false, stoppingToken);
            }

            if (due.Count == 0)
            {
                return;
            }
        }
    }

    /// <param name="challenge">That has a place.</param>
    /// <param name="isWaitedFor">It was not taken from the queue, where the next one may wait for its place.</param>
    /// <param name="stoppingToken">The process stops.</param>
    private async Task LookAsync(DueChallenge challenge, bool isWaitedFor, CancellationToken stoppingToken)
    {
        var isOver = false;
        try
        {
            await Task.Yield();
            var problem = await ProblemOfAsync(challenge, stoppingToken);
            if (problem is not null && challenge.Attempts <= Pauses.Length)
            {
                await queue.RetryAsync(challenge, problem, _time.GetUtcNow() + Pauses[challenge.Attempts - 1], stoppingToken);
            }
            else
            {
                await queue.FinishAsync(challenge.Id, problem, default, _time.GetUtcNow(), stoppingToken);
                isOver = true;
            }
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            // It stays due, and is taken again when its lease ends.
            LookFailed(e, challenge.Id);
        }
        catch (OperationCanceledException)
        {
            // The process stops.
        }
        finally
        {
            var wasFull = _places.Release() == 0;
            if (!stoppingToken.IsCancellationRequested && !(isWaitedFor && isOver && !wasFull))
            {
                Wake();
            }
        }
    }

    private async Task<AcmeProblem?> ProblemOfAsync(DueChallenge challenge, CancellationToken stoppingToken)
    {
        using var limit = new CancellationTokenSource(LongestLook, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, limit.Token);
        try
        {
            return await _kinds[challenge.Type].LookAsync(challenge, either.Token);
        }
        catch (OperationCanceledException) when (!stoppingToken.IsCancellationRequested)
        {
            return AcmeProblem.OfChallenge("connection", $"{challenge.Identifier.Value} did not answer within {LongestLook.TotalSeconds:0} seconds.");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Whatever it is, it counts as a look: who is looked at must not keep its place for ever.
            LookFailed(e, challenge.Id);
            return AcmeProblem.OfChallenge("connection", $"{challenge.Identifier.Value} could not be looked at.");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "ACME challenges could not be looked up")]
    private partial void RoundFailed(Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "ACME challenge {Challenge} could not be judged; it is looked at again")]
    private partial void LookFailed(Exception exception, string challenge);
}
