using Microsoft.Extensions.Logging;

namespace IoTPlatform.Hosting;

/// <summary>
/// Bounds the concurrent requests, and the duration of an unknown client's: a slow or endless body occupies a slot and memory.
/// Some of the slots are reserved for known clients.
/// </summary>
internal sealed partial class ClientRequests : IDisposable
{
    /// <summary>Everything that strangers may do is answered far sooner; the body has to arrive in it, too.</summary>
    public static readonly TimeSpan LongestOfStranger = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);
    private readonly HostCapacity _capacity;
    private readonly ClientConnections _connections;
    private readonly TimeProvider _time;
    private readonly ILogger<ClientRequests> _logger;
    private readonly Lock _gate = new();
    private readonly LinkedList<(ClientConnection Connection, long Began)> _ofStrangers = new();
    private readonly ITimer _timer;
    private int _known;

    public ClientRequests(HostCapacity capacity, ClientConnections connections, TimeProvider time, ILogger<ClientRequests> logger)
    {
        (_capacity, _connections, _time, _logger) = (capacity, connections, time, logger);
        _timer = time.CreateTimer(_ => EndOverdue(), null, Look, Look);
    }

    /// <summary>Until disposed, a request of the connection is under way. Null: there is no room.</summary>
    public IDisposable? Begin(ClientConnection connection)
    {
        var isKnown = connection.Identity is not null;
        if (!HasRoom(isKnown) && !(_connections.ShedBusy() && HasRoom(isKnown, leaving: 1)))
        {
            Refused(_logger, isKnown ? _capacity.Requests : _capacity.StrangersRequests, connection.Address);
            return null;
        }

        _connections.Use(connection, +1);
        lock (_gate)
        {
            if (isKnown)
            {
                _known++;
                return new UnderWay(this, connection, node: null);
            }

            return new UnderWay(this, connection, _ofStrangers.AddLast((connection, _time.GetTimestamp())));
        }
    }

    public void Dispose() => _timer.Dispose();

    private bool HasRoom(bool isKnown, int leaving = 0)
    {
        lock (_gate)
        {
            var strangers = _ofStrangers.Count - leaving;
            return strangers + _known < _capacity.Requests && (isKnown || strangers < _capacity.StrangersRequests);
        }
    }

    private void EndOverdue()
    {
        List<ClientConnection> overdue;
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            // The oldest come first. A client that became known during its request has the time it needs.
            overdue = [.. _ofStrangers.TakeWhile(r => _time.GetElapsedTime(r.Began, now) > LongestOfStranger).Select(r => r.Connection).Where(c => c.Identity is null)];
        }

        foreach (var connection in overdue)
        {
            connection.Abort();
            Overdue(_logger, connection.Address, LongestOfStranger.TotalSeconds);
        }
    }

    private void End(ClientConnection connection, LinkedListNode<(ClientConnection, long)>? node)
    {
        lock (_gate)
        {
            if (node is null)
            {
                _known--;
            }
            else
            {
                _ofStrangers.Remove(node);
            }
        }

        _connections.Use(connection, -1);
    }

    [LoggerMessage(62, LogLevel.Warning, "All {Most} places for requests are in use: one from {Address} was answered with 503")]
    private static partial void Refused(ILogger logger, int most, string address);

    [LoggerMessage(63, LogLevel.Warning, "A request from {Address} that shows no credential took longer than {Seconds} s and was ended")]
    private static partial void Overdue(ILogger logger, string address, double seconds);

    private sealed class UnderWay(ClientRequests requests, ClientConnection connection, LinkedListNode<(ClientConnection, long)>? node) : IDisposable
    {
        private bool _ended;

        public void Dispose()
        {
            if (!Interlocked.Exchange(ref _ended, true))
            {
                requests.End(connection, node);
            }
        }
    }
}
