namespace IoTPlatform.RabbitMq.Amqp;

/// <summary>
/// Delivery tags count up from 1, and one acknowledgement may stand for all up to a tag. This says up to which: messages are done with
/// in another order than they came, when some of them become dead letters.
/// </summary>
public sealed class AckFrontier
{
    private readonly HashSet<ulong> _ahead = [];

    /// <summary>Everything up to here is done with.</summary>
    public ulong Tag { get; private set; }

    public void Done(ulong tag)
    {
        _ahead.Add(tag);
        while (_ahead.Remove(Tag + 1))
        {
            Tag++;
        }
    }
}
