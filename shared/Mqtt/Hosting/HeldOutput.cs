using System.IO.Pipelines;

namespace IoTPlatform.Mqtt;

/// <summary>Sends several packets at once: MQTTnet flushes after each, and each flush is a TLS record and a call of the kernel.</summary>
internal sealed class HeldOutput(PipeWriter inner) : PipeWriter
{
    private volatile bool _isHeld;

    /// <summary>What is written waits for the first flush after it is false again.</summary>
    public bool IsHeld
    {
        get => _isHeld;
        set => _isHeld = value;
    }

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => _isHeld ? default : inner.FlushAsync(cancellationToken);

    public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

    public override void Advance(int bytes) => inner.Advance(bytes);

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);
}
