using System.IO.Pipelines;

namespace IoTPlatform.Mqtt;

/// <summary>Sends several packets at once: MQTTnet flushes after each, and each flush is a TLS record and a call of the kernel.</summary>
internal sealed class HeldOutput(PipeWriter inner) : PipeWriter
{
    private readonly Lock _gate = new();
    private volatile bool _isHeld;
    private Task _flush = Task.CompletedTask;
    private bool _isEnded;

    /// <summary>What is written waits for the first flush after it is false again.</summary>
    public bool IsHeld
    {
        get => _isHeld;
        set => _isHeld = value;
    }

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (_isHeld)
        {
            return default;
        }

        lock (_gate)
        {
            if (_isEnded)
            {
                return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: true));
            }

            var flush = inner.FlushAsync(cancellationToken);
            if (flush.IsCompleted)
            {
                return flush;
            }

            var pending = flush.AsTask();
            _flush = pending;
            return new ValueTask<FlushResult>(pending);
        }
    }

    /// <summary>Nothing is flushed any more. False: something still is, after that time.</summary>
    public async Task<bool> EndAsync(TimeSpan longest)
    {
        Task flush;
        lock (_gate)
        {
            _isEnded = true;
            flush = _flush;
        }

        await flush.WaitAsync(longest).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return flush.IsCompleted;
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

    public override void Advance(int bytes) => inner.Advance(bytes);

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);
}
