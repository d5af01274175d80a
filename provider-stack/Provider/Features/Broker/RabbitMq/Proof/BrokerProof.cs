using IoTPlatform.Hosting;
using IoTPlatform.RabbitMq;
using RabbitMQ.Client.Exceptions;

namespace IoTPlatform.Provider.Features.Broker.RabbitMq.Proof;

/// <summary>Whether the broker was seen to admit bridges only by the provider's answer; tested periodically. A broker that fails the test makes the host unready; an unreachable one does not.</summary>
internal sealed partial class BrokerProof(BrokerTrial trial, TimeProvider time, ILogger<BrokerProof> log) : BackgroundService, IReadinessCheck, IBrokerProof
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(15);

    /// <summary>A result of up to this age is reused, so that checking a thousand tenants is not a thousand trials.</summary>
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile Result? _last;
    private string? _told;

    public string Name => "broker";

    public string State => _last switch { null => "unknown", { Away: not null } => "away", { Found.Count: > 0 } => "open", _ => "ok" };

    /// <summary>Public; the details are shown to administrators only.</summary>
    public ProblemException? Problem => _last is { Away: null, Found.Count: > 0 }
        ? new ProblemException(StatusCodes.Status503ServiceUnavailable, "broker_open", "The broker is not as it has to be for bridges. What is wrong is in the log, and iot tenants check shows it.", RetryInterval)
        : null;

    public async Task<IReadOnlyList<BrokerDifference>> FindAsync(CancellationToken cancellationToken)
    {
        var result = _last is { } last && time.GetUtcNow() - last.At < Fresh ? last : await TryAsync(cancellationToken);
        return result.Away is { } away ? throw away : [.. result.Found, .. trial.Untried];
    }

    public override void Dispose()
    {
        base.Dispose();
        _gate.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(RetryInterval, time);
        do
        {
            if (IsDue)
            {
                await TryAsync(stoppingToken);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Also soon after another caller's check (<see cref="FindAsync"/>) has failed.</summary>
    private bool IsDue => _last is not { Away: null, Found.Count: 0 } good || time.GetUtcNow() - good.At >= Interval;

    private async Task<Result> TryAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return _last = Log(new Result(time.GetUtcNow(), await trial.RunAsync(cancellationToken), null));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return _last = Log(new Result(time.GetUtcNow(), [], e is BrokerUnreachableException ? RabbitMqFailure.Of(e) : e));
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Once for each outcome, not at every trial.</summary>
    private Result Log(Result result)
    {
        var outcome = result.Away is { } away ? away.Message : Text(result.Found);
        if (outcome == _told)
        {
            return result;
        }

        _told = outcome;
        if (result.Away is not null)
        {
            CouldNotTry(outcome);
        }
        else if (result.Found.Count > 0)
        {
            DoesNotHold(outcome);
        }
        else
        {
            Holds();
        }

        return result;
    }

    private static string Text(IReadOnlyList<BrokerDifference> found) => string.Join("; ", found.Select(d => $"{d.What}: expected {d.Expected}, but {d.Actual}"));

    [LoggerMessage(Level = LogLevel.Information, Message = "The broker asks about bridges, and refuses logins that are no bridge's and revoked certificates")]
    private partial void Holds();

    [LoggerMessage(Level = LogLevel.Error, Message = "The broker is not as it has to be for bridges: {What}")]
    private partial void DoesNotHold(string what);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Whether the broker asks about bridges could not be tried: {Reason}")]
    private partial void CouldNotTry(string reason);

    /// <param name="At">When it was tried.</param>
    /// <param name="Found">What did not hold.</param>
    /// <param name="Away">Why it could not be tried; null: it was.</param>
    private sealed record Result(DateTimeOffset At, IReadOnlyList<BrokerDifference> Found, Exception? Away);
}
