using System.Collections.Concurrent;

namespace IoTPlatform.Mqtt;

/// <summary>
/// What outlives a client's connection (MQTT 5 section 4.1): its subscriptions, and the packet identifiers of messages received at QoS 2. In memory;
/// messages to the client are the sender's until they are delivered. Guarded by <see cref="MqttSessions"/>, but for what is received.
/// </summary>
internal sealed class Session(MqttLimits limits, TimeProvider time)
{
    /// <summary>Of most sessions nothing is kept: it grows with what is.</summary>
    private const int Few = 1;
    private const int OneWriter = 1;

    private readonly Dictionary<string, bool> _filters = new(StringComparer.Ordinal);
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Connection? Current { get; set; }

    public DateTimeOffset EndedAt { get; private set; }

    /// <summary>For how long it outlives its connection.</summary>
    public TimeSpan Expiry { get; private set; }

    /// <summary>The client finds it as it has left it.</summary>
    public bool IsResumed { get; private set; }

    public RateMeter Meter { get; } = new(limits, TimeProvider.System);

    /// <summary>Messages of QoS 2 until PUBREL, with what became of them.</summary>
    public ConcurrentDictionary<ushort, Task<PublishOutcome>> Received { get; } = new(OneWriter, Few);

    /// <summary>Messages of QoS 1 until their PUBACK was sent, likewise.</summary>
    public ConcurrentDictionary<ushort, Task<PublishOutcome>> Unacknowledged { get; } = new(OneWriter, Few);

    /// <summary>With whether at QoS 1; otherwise at QoS 0.</summary>
    public IReadOnlyList<KeyValuePair<string, bool>> Filters
    {
        get
        {
            lock (_filters)
            {
                return [.. _filters];
            }
        }
    }

    public int SubscriptionCount
    {
        get
        {
            lock (_filters)
            {
                return _filters.Count;
            }
        }
    }

    public bool IsOver => Current is null && time.GetUtcNow() >= EndedAt + Expiry;

    /// <summary>Ends with the next connection, or when there is to be no will any more.</summary>
    public Task WillIsOffAsync() => _next.Task;

    /// <summary>A will that waits for its delay is not published.</summary>
    public void ForgetWill()
    {
        _next.TrySetResult();
        _next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Begin(bool clean, TimeSpan expiry)
    {
        IsResumed = !clean && Expiry > TimeSpan.Zero && time.GetUtcNow() < EndedAt + Expiry;
        if (Unacknowledged.Count > limits.InFlight)
        {
            // More than a client resends: left by connections that broke off.
            Unacknowledged.Clear();
        }

        if (!IsResumed)
        {
            Received.Clear();
            Unacknowledged.Clear();
            lock (_filters)
            {
                _filters.Clear();
            }
        }

        Expiry = expiry;
        ForgetWill();
    }

    public void End()
    {
        Current = null;
        EndedAt = time.GetUtcNow();
    }

    /// <summary>False: it has as many as it may have.</summary>
    public bool Subscribe(string filter, bool atLeastOnce)
    {
        lock (_filters)
        {
            if (_filters.Count >= limits.Subscriptions && !_filters.ContainsKey(filter))
            {
                return false;
            }

            _filters[filter] = atLeastOnce;
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
