using System.Collections.Concurrent;

namespace IoTPlatform.Mqtt;

/// <summary>
/// What outlives a client's connection (MQTT 5 section 4.1): its subscriptions, and the packet identifiers of messages received at QoS 2. In memory;
/// messages to the client are the sender's until they are delivered. Guarded by <see cref="MqttSessions"/>, but for <see cref="Received"/>.
/// </summary>
internal sealed class Session(MqttLimits limits, TimeProvider time)
{
    private readonly List<string> _filters = [];
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Connection? Current { get; set; }

    public DateTimeOffset EndedAt { get; private set; }

    /// <summary>For how long it outlives its connection.</summary>
    public TimeSpan Expiry { get; private set; }

    /// <summary>The client finds it as it has left it.</summary>
    public bool IsResumed { get; private set; }

    public RateMeter Meter { get; } = new(limits, TimeProvider.System);

    /// <summary>Messages of QoS 2 until PUBREL, with what became of them.</summary>
    public ConcurrentDictionary<ushort, Task<PublishOutcome>> Received { get; } = new();

    public IReadOnlyList<string> Filters
    {
        get
        {
            lock (_filters)
            {
                return [.. _filters];
            }
        }
    }

    public bool IsOver => Current is null && time.GetUtcNow() >= EndedAt + Expiry;

    public Task NextConnectionAsync() => _next.Task;

    public void Begin(bool clean, TimeSpan expiry)
    {
        IsResumed = !clean && Expiry > TimeSpan.Zero && time.GetUtcNow() < EndedAt + Expiry;
        if (!IsResumed)
        {
            Received.Clear();
            lock (_filters)
            {
                _filters.Clear();
            }
        }

        Expiry = expiry;
        _next.TrySetResult();
        _next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void End()
    {
        Current = null;
        EndedAt = time.GetUtcNow();
    }

    /// <summary>False: it has as many as it may have.</summary>
    public bool Subscribe(string filter)
    {
        lock (_filters)
        {
            if (_filters.Contains(filter))
            {
                return true;
            }

            if (_filters.Count >= limits.Subscriptions)
            {
                return false;
            }

            _filters.Add(filter);
            return true;
        }
    }

    /// <summary>False: there was none.</summary>
    public bool Unsubscribe(string filter)
    {
        lock (_filters)
        {
            return _filters.Remove(filter);
        }
    }
}
