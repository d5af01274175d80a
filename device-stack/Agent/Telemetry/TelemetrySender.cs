namespace IoTPlatform.Agent;

/// <summary>Sends what is in the spool, some at a time. Null from the transport: stored; else why it never will be, and it is passed over.</summary>
internal sealed class TelemetrySender(Spool spool, Action<string> refused)
{
    private const int Window = 32;

    /// <summary>Until a transport fails.</summary>
    public async Task RunAsync(Func<ReadOnlyMemory<byte>, CancellationToken, Task<string?>> send, CancellationToken cancellationToken)
    {
        spool.Rewind();
        var underWay = new Queue<(Task<string?> Outcome, SpoolPosition End)>();
        while (true)
        {
            while (underWay.Count < Window && spool.TryRead(out var line, out var end))
            {
                underWay.Enqueue((send(line, cancellationToken), end));
            }

            if (underWay.Count == 0)
            {
                await spool.WaitAsync(cancellationToken);
                continue;
            }

            var (outcome, position) = underWay.Peek();
            if (await outcome is { } reason)
            {
                refused(reason);
            }

            underWay.Dequeue();
            spool.Acknowledge(position);
        }
    }
}
