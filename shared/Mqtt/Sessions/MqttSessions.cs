using Microsoft.Extensions.Logging;
using MQTTnet.Protocol;

namespace IoTPlatform.Mqtt;

/// <summary>
/// The clients of this broker, by the name of their identity. A name is the whole topic index: a topic to a client belongs to that client
/// alone, so that a message goes to one session, whatever the number of the others.
/// </summary>
public sealed partial class MqttSessions(IEnumerable<ISessionObserver> observers, TimeProvider time, ILogger<MqttSessions> log)
{
    /// <summary>An earlier connection is aborted long before.</summary>
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private int _closings;
    private long _expired;

    /// <summary>Names of the connected clients, but for operators who read the statistics.</summary>
    public IReadOnlyCollection<string> Connected
    {
        get
        {
            lock (_gate)
            {
                return [.. _sessions.Where(s => s.Value.Current is { IsAnnounced: true, Identity.ReadsStatistics: false }).Select(s => s.Key)];
            }
        }
    }

    /// <summary>Operators who read the statistics.</summary>
    internal IReadOnlyList<Connection> Readers
    {
        get
        {
            lock (_gate)
            {
                return [.. _sessions.Values.Select(session => session.Current).OfType<Connection>().Where(connection => connection is { IsAnnounced: true, Identity.ReadsStatistics: true })];
            }
        }
    }

    internal SessionCounts Count()
    {
        lock (_gate)
        {
            return new SessionCounts(_sessions.Values.Count(session => session.Current is { IsAnnounced: true }), _sessions.Count, _expired, _sessions.Values.Sum(session => session.SubscriptionCount));
        }
    }

    public bool IsConnected(string name) => CurrentOf(name) is { IsAnnounced: true };

    /// <summary>Changes with every <see cref="CloseAsync"/>: what was found out about a client before may not be true any more.</summary>
    internal int Closings => Volatile.Read(ref _closings);

    internal TimeProvider Time => time;

    /// <summary>Ends the client's connection. The caller sees to it that its next one is refused. False: it is not connected.</summary>
    /// <param name="name">Of the identity.</param>
    /// <param name="reasonCode">Of DISCONNECT (MQTT 5 section 3.14.2.1).</param>
    /// <param name="reason">For the client.</param>
    /// <param name="certificateSerial">Only a connection that was made with this certificate.</param>
    public async Task<bool> CloseAsync(string name, MqttDisconnectReasonCode reasonCode, string reason, string? certificateSerial = null)
    {
        Interlocked.Increment(ref _closings);
        if (certificateSerial is null)
        {
            lock (_gate)
            {
                _sessions.GetValueOrDefault(name)?.ForgetWill();
            }
        }

        if (CurrentOf(name) is not { } connection || (certificateSerial is not null && connection.Identity?.CertificateSerial != certificateSerial))
        {
            return false;
        }

        await connection.CloseAsync(reasonCode, reason);
        return true;
    }

    /// <summary>Ends when the client has acknowledged the message, or when it is clear that it will not.</summary>
    public Task<DeliveryOutcome> SendAsync(string name, OutboundMessage message, CancellationToken cancellationToken)
    {
        if (CurrentOf(name) is not { Identity: { } identity } connection)
        {
            return Task.FromResult(DeliveryOutcome.NotConnected);
        }

        // At the QoS of the subscription, at most (MQTT-3.8.4-8).
        var granted = connection.Session.Filters.Select(filter => (Topic: identity.Access.NameFor(filter.Key, message.Topic), AtLeastOnce: filter.Value)).FirstOrDefault(granted => granted.Topic is not null);
        return granted.Topic is null
            ? Task.FromResult(DeliveryOutcome.NotSubscribed)
            : connection.Deliveries.SendAsync(message with { Topic = granted.Topic, AtLeastOnce = message.AtLeastOnce && granted.AtLeastOnce }, cancellationToken);
    }

    /// <summary>
    /// The client's session, once an earlier connection of the same name has ended; null: that does not end, or a later one has taken this one's
    /// place meanwhile.
    /// </summary>
    internal async Task<Session?> OpenAsync(Connection connection, MqttIdentity identity, bool clean, TimeSpan expiry)
    {
        Session? session;
        Connection? earlier;
        lock (_gate)
        {
            if (!_sessions.TryGetValue(identity.Name, out session))
            {
                _sessions[identity.Name] = session = new Session(identity.Limits, time);
            }

            earlier = session.Current;
            session.Current = connection;
        }

        var hasEnded = true;
        if (earlier is not null)
        {
            await earlier.CloseAsync(MqttDisconnectReasonCode.SessionTakenOver, "The same client has connected again.");
            hasEnded = await earlier.EndsWithinAsync(LongestEnd);
        }

        lock (_gate)
        {
            if (!ReferenceEquals(session.Current, connection))
            {
                return null;
            }

            if (!hasEnded)
            {
                session.Current = earlier;
                return null;
            }

            if (earlier is { Identity: not null })
            {
                session.End();
                session.Current = connection;
            }

            session.Begin(clean, expiry);
            return session;
        }
    }

    internal async Task ConnectedAsync(Connection connection, CancellationToken cancellationToken)
    {
        foreach (var observer in ObserversOf(connection))
        {
            await observer.ConnectedAsync(connection.Identity!, cancellationToken);
        }
    }

    internal async Task ReceivesAsync(Connection connection, CancellationToken cancellationToken)
    {
        foreach (var observer in ObserversOf(connection))
        {
            await observer.ReceivesAsync(connection.Identity!, cancellationToken);
        }
    }

    /// <summary>Of a connection that has a session.</summary>
    internal async Task EndedAsync(Connection connection)
    {
        lock (_gate)
        {
            if (ReferenceEquals(connection.Session.Current, connection))
            {
                connection.Session.End();
                RemoveOver(connection.Identity!.Name);
            }
        }

        if (connection.IsAnnounced)
        {
            await AnnounceEndAsync(connection);
        }
    }

    /// <summary>Once a second: ends connections whose certificate has ended, forgets sessions that are over.</summary>
    internal async Task SweepAsync()
    {
        var now = time.GetUtcNow();
        List<Connection> expired;
        lock (_gate)
        {
            expired = [.. _sessions.Values.Select(s => s.Current).OfType<Connection>().Where(c => c.Identity?.ExpiresAt <= now)];
            foreach (var name in _sessions.Where(s => s.Value.IsOver).Select(s => s.Key).ToList())
            {
                _sessions.Remove(name);
                _expired++;
            }
        }

        foreach (var connection in expired)
        {
            await connection.CloseAsync(MqttDisconnectReasonCode.NotAuthorized, "The certificate has expired.");
        }
    }

    private IEnumerable<ISessionObserver> ObserversOf(Connection connection) => connection.Identity!.ReadsStatistics ? [] : observers;

    private Connection? CurrentOf(string name)
    {
        lock (_gate)
        {
            return _sessions.GetValueOrDefault(name)?.Current;
        }
    }

    private void RemoveOver(string name)
    {
        if (_sessions.GetValueOrDefault(name) is { IsOver: true })
        {
            _sessions.Remove(name);
        }
    }

    private async Task AnnounceEndAsync(Connection connection)
    {
        try
        {
            foreach (var observer in ObserversOf(connection))
            {
                await observer.DisconnectedAsync(connection.Identity!, CancellationToken.None);
            }
        }
        catch (Exception e)
        {
            NotAnnounced(connection.Identity!.Name, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The end of the connection of {Client} could not be announced")]
    private partial void NotAnnounced(string client, Exception e);
}
