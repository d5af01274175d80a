namespace IoTPlatform.Portal.Live;

/// <summary>
/// Gives the open pages of this process turns to be loaded again by themselves, so many a second however many are open: the more there are, the longer each shows what was
/// a moment ago. First come, first served. What a person does waits for no turn.
/// </summary>
/// <param name="time">Its timers, and a clock that nobody sets.</param>
/// <param name="perSecond">Turns.</param>
public sealed class ReloadTurns(TimeProvider time, int perSecond)
{
    /// <summary>A page costs some milliseconds of CPU to load and to send, here and in the database.</summary>
    public const int PerSecondAndProcessor = 25;

    private readonly TimeSpan _gap = TimeSpan.FromSeconds(1) / perSecond;
    private readonly long _began = time.GetTimestamp();
    private readonly Lock _gate = new();
    private TimeSpan _free;

    /// <summary>Ends when it is the caller's turn. One that gives up gives its turn back: pages that are opened and left hold nobody up.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TimeSpan wait;
        lock (_gate)
        {
            var now = time.GetElapsedTime(_began);
            var turn = _free > now ? _free : now;
            _free = turn + _gap;
            wait = turn - now;
        }

        if (wait == TimeSpan.Zero)
        {
            return;
        }

        try
        {
            await Task.Delay(wait, time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            lock (_gate)
            {
                _free -= _gap;
            }

            throw;
        }
    }
}
