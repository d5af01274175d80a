using IoTPlatform.Database;
using IoTPlatform.Hosting;

namespace IoTPlatform.Portal.Live;

/// <summary>
/// Says that something has happened. Everything that happens in a stack is an entry of its audit log, whichever process did it, so one look at the log's end serves all
/// pages of this process, and none is made while no page is open.
/// </summary>
public sealed class AuditPulse(AuditLog log, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(700);
    private readonly Lock _gate = new();
    private readonly List<Action> _listeners = [];
    private CancellationTokenSource? _running;

    /// <param name="happened">Called outside any context; disposing the result ends it.</param>
    public IDisposable Listen(Action happened)
    {
        lock (_gate)
        {
            _listeners.Add(happened);
            if (_running is null)
            {
                _running = new CancellationTokenSource();
                var stop = _running.Token;
                // On no page's dispatcher: it would keep that page in memory, and wait for it, as long as any other is open.
                _ = Task.Run(() => RunAsync(stop), CancellationToken.None);
            }
        }

        return new Subscription(this, happened);
    }

    public void Dispose() => _running?.Cancel();

    private void Forget(Action happened)
    {
        lock (_gate)
        {
            _listeners.Remove(happened);
            if (_listeners.Count == 0)
            {
                _running?.Cancel();
                _running?.Dispose();
                _running = null;
            }
        }
    }

    private async Task RunAsync(CancellationToken stop)
    {
        var seen = -1L;
        try
        {
            using var timer = new PeriodicTimer(Interval, time);
            do
            {
                var now = await NewestAsync(stop);
                if (now is { } newest && newest != seen)
                {
                    var isFirst = seen < 0;
                    seen = newest;
                    if (!isFirst)
                    {
                        Raise();
                    }
                }
            }
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The last page was closed.
        }
    }

    /// <summary>Null: the database does not answer now.</summary>
    private async Task<long?> NewestAsync(CancellationToken stop)
    {
        try
        {
            return (await log.HeadAsync(stop)).Sequence;
        }
        catch (Exception e) when (ProblemTranslation.Of(e) is not null)
        {
            return null;
        }
    }

    private void Raise()
    {
        Action[] listeners;
        lock (_gate)
        {
            listeners = [.. _listeners];
        }

        foreach (var listener in listeners)
        {
            listener();
        }
    }

    private sealed class Subscription(AuditPulse pulse, Action happened) : IDisposable
    {
        public void Dispose() => pulse.Forget(happened);
    }
}
