using IoTPlatform.Client;

namespace IoTPlatform.Agent;

/// <summary>Keeps an enrolled device's certificate current until it is stopped, revoked or out of date.</summary>
public sealed class RenewalLoop(DeviceFolder folder, DeviceAgent agent, TimeProvider time, IJitter jitter, Action<AgentEvent> report)
{
    // Timers stop while a machine is suspended: read the clock periodically instead of one long wait.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromHours(1);
    // Task.Delay cuts fractions of a millisecond off, and would not wait at all.
    private static readonly TimeSpan ShortestSleep = TimeSpan.FromMilliseconds(1);
    private readonly Backoff _backoff = new(jitter);
    private readonly Backoff _looks = new(jitter);
    private bool _isLookDue;
    private volatile TaskCompletionSource _now = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile TaskCompletionSource _look = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Make a new key pair at every renewal.</summary>
    public bool RotateKey { get; init; } = true;

    /// <summary>Not first when it is due.</summary>
    public void RenewNow() => _now.TrySetResult();

    /// <summary>Whether its Sub-CA was revoked, which is also looked at every hour.</summary>
    internal void LookAgain() => _look.TrySetResult();

    public async Task<AgentOutcome> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            var (due, notAfter) = Plan();
            while (true)
            {
                await SleepUntilAsync(due < notAfter || time.GetUtcNow() >= notAfter ? due : notAfter, cancellationToken);
                var isExpired = time.GetUtcNow() >= notAfter && !await IsClockAheadAsync(notAfter, cancellationToken);
                switch (await TryRenewAsync(cancellationToken))
                {
                    case Revocation refusal:
                        return End(AgentOutcome.Revoked, AgentEventKind.Revoked, $"the tenant revoked this device: {refusal.Message}; the agent stops");
                    // The tenant may renew for a while after the end; while it does not answer, it has not said no.
                    case Failure { IsRefusal: true } when isExpired:
                        return End(AgentOutcome.Expired, AgentEventKind.Expired, $"the certificate expired at {notAfter:u}, and the tenant does not renew it any more; enrol again with a new token");
                    case Failure failure:
                        due = time.GetUtcNow() + _backoff.Next(failure.RetryAfter);
                        Report(AgentEventKind.Retrying, $"renewal failed: {failure.Message}{await ClocksAsync(cancellationToken)}", due);
                        break;
                    default:
                        _backoff.Reset();
                        (due, notAfter) = Plan();
                        break;
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return End(AgentOutcome.Stopped, AgentEventKind.Stopped, "stopped");
        }
    }

    private (DateTimeOffset Due, DateTimeOffset NotAfter) Plan()
    {
        using var identity = folder.LoadIdentity() ?? throw agent.NotEnrolled();
        var due = RenewalSchedule.RenewAt(identity.NotBefore, identity.NotAfter, jitter.Next());
        Report(AgentEventKind.Waiting, $"certificate {identity.Certificate.SerialNumber} is valid until {identity.NotAfter:u}, renewing at {due:u}", due);
        return (due, identity.NotAfter);
    }

    private async Task<object?> TryRenewAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var renewed = await agent.RenewAsync(RotateKey, cancellationToken);
            Report(AgentEventKind.Renewed, $"renewed, valid until {renewed.NotAfter:u}", null);
            return null;
        }
        catch (ApiException e)
        {
            return RevocationCodes.Contains(e.Code) ? new Revocation(e.Message) : new Failure(e.Message, e.RetryAfter, IsRefusal: e.Status is 401 or 403 && !e.Code.EndsWith("_on_hold", StringComparison.Ordinal));
        }
        catch (Exception e) when (e is UnreachableException or AgentException)
        {
            return new Failure(e.Message, null, IsRefusal: false);
        }
    }

    /// <summary>By the tenant's clock the certificate is still good: then it is this clock that is wrong, and no reason to enrol again.</summary>
    private async Task<bool> IsClockAheadAsync(DateTimeOffset notAfter, CancellationToken cancellationToken) =>
        await agent.ClockDifferenceAsync(cancellationToken) is { } difference && time.GetUtcNow() + difference < notAfter;

    private async Task<string> ClocksAsync(CancellationToken cancellationToken) =>
        folder.LoadSettings() is { } settings
        && ServerClock.Describe(await agent.ClockDifferenceAsync(cancellationToken), settings.TenantUrl) is { } clocks ? $"; {clocks}" : "";

    private async Task SleepUntilAsync(DateTimeOffset due, CancellationToken cancellationToken)
    {
        for (var left = due - time.GetUtcNow(); left > TimeSpan.Zero; left = due - time.GetUtcNow())
        {
            var longest = _isLookDue ? _looks.Next() : LongestSleep;
            await Task.WhenAny(Task.Delay(left < ShortestSleep ? ShortestSleep : left > longest ? longest : left, time, cancellationToken), _now.Task, _look.Task);
            if (_now.Task.IsCompleted)
            {
                _now = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                break;
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (time.GetUtcNow() < due && await LookAtIssuerAsync(cancellationToken) is { } why)
            {
                Report(AgentEventKind.Waiting, $"{why}: renewing now", null);
                break;
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>A tenant that has asked its whole fleet to look can't answer all of it at once: who gets no answer asks again.</summary>
    /// <returns>Why it renews before it is due; null: it does not.</returns>
    private async Task<string?> LookAtIssuerAsync(CancellationToken cancellationToken)
    {
        if (_look.Task.IsCompleted)
        {
            _look = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _isLookDue = true;
        }

        var issuer = await agent.LookAtIssuerAsync(cancellationToken);
        if (issuer != IssuerState.Unknown)
        {
            _isLookDue = false;
            _looks.Reset();
        }

        return issuer switch
        {
            IssuerState.Revoked => "the tenant's Sub-CA that signed the certificate is revoked",
            IssuerState.Replaced => "the platform has another Intermediate CA than the one above the certificate",
            _ => null,
        };
    }

    private AgentOutcome End(AgentOutcome outcome, AgentEventKind kind, string message)
    {
        Report(kind, message, null);
        return outcome;
    }

    private void Report(AgentEventKind kind, string message, DateTimeOffset? next) => report(new AgentEvent(kind, time.GetUtcNow(), message, next));

    private sealed record Revocation(string Message);

    private sealed record Failure(string Message, TimeSpan? RetryAfter, bool IsRefusal);
}
