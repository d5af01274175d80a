using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Hosting;

/// <summary>
/// Bounds the open connections. A client is a stranger until a request on its connection was authenticated. Where there is no room, the
/// address with the most strangers loses the one that has been idle for longest, so that an attacker pushes out its own connections first and
/// never one of a client that is known.
/// </summary>
internal sealed partial class ClientConnections(HostCapacity capacity, TimeProvider time, ILogger<ClientConnections> logger)
{
    /// <summary>A stranger's request that has begun only now is left alone.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedList<ClientConnection>> _strangers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _known = new(StringComparer.Ordinal);
    private int _open;

    /// <summary>Connections of one identity beyond these stay strangers'.</summary>
    private int MostOfIdentity => Math.Max(16, capacity.Connections / 8);

    /// <summary>Null if the limit is reached and no connection can be closed for this one.</summary>
    public ClientConnection? Open(ConnectionContext context, string address)
    {
        ClientConnection? shed = null;
        ClientConnection? opened = null;
        lock (_gate)
        {
            if (_open < capacity.Connections || (shed = TakeVictim(busy: false) ?? TakeVictim(busy: true)) is not null)
            {
                _open++;
                opened = new ClientConnection(context, address) { Since = time.GetTimestamp() };
                opened.Stranger = Strangers(address).AddLast(opened);
            }
        }

        if (shed is not null)
        {
            shed.Abort();
            Shed(logger, capacity.Connections, shed.Address);
        }
        else if (opened is null)
        {
            Refused(logger, capacity.Connections, address);
        }

        return opened;
    }

    public void Close(ClientConnection connection)
    {
        lock (_gate)
        {
            End(connection);
        }
    }

    /// <summary>A request on it was authenticated.</summary>
    public void Know(ClientConnection connection, string identity)
    {
        lock (_gate)
        {
            if (connection.Identity is not null || connection.Ended)
            {
                return;
            }

            ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_known, identity, out _);
            if (count < MostOfIdentity)
            {
                count++;
                RemoveStranger(connection);
                connection.Identity = identity;
            }
        }
    }

    /// <summary>A request begins or ends.</summary>
    public void Use(ClientConnection connection, int requests)
    {
        lock (_gate)
        {
            connection.Requests += requests;
            connection.Since = time.GetTimestamp();
            if (connection.Stranger is { List: { } list } node)
            {
                list.Remove(node);
                list.AddLast(node);
            }
        }
    }

    /// <summary>Ends a stranger's connection whose request has been under way for a while. False: there is none.</summary>
    public bool ShedBusy()
    {
        ClientConnection? victim;
        lock (_gate)
        {
            victim = TakeVictim(busy: true);
        }

        victim?.Abort();
        return victim is not null;
    }

    private ClientConnection? TakeVictim(bool busy)
    {
        var now = time.GetTimestamp();
        bool May(ClientConnection connection) => connection.Requests > 0 == busy && (!busy || time.GetElapsedTime(connection.Since, now) >= Grace);
        var victim = _strangers.Values.Where(list => list.Any(May)).MaxBy(list => list.Count)?.First(May);
        if (victim is not null)
        {
            End(victim);
        }

        return victim;
    }

    private void End(ClientConnection connection)
    {
        if (connection.Ended)
        {
            return;
        }

        connection.Ended = true;
        _open--;
        if (connection.Identity is null)
        {
            RemoveStranger(connection);
        }
        else if (--CollectionsMarshal.GetValueRefOrAddDefault(_known, connection.Identity, out _) <= 0)
        {
            _known.Remove(connection.Identity);
        }
    }

    private LinkedList<ClientConnection> Strangers(string address) =>
        CollectionsMarshal.GetValueRefOrAddDefault(_strangers, address, out _) ??= new LinkedList<ClientConnection>();

    private void RemoveStranger(ClientConnection connection)
    {
        if (connection.Stranger is { List: { } list } node)
        {
            list.Remove(node);
            connection.Stranger = null;
            if (list.Count == 0)
            {
                _strangers.Remove(connection.Address);
            }
        }
    }

    [LoggerMessage(60, LogLevel.Warning, "All {Most} connections are in use: the longest idle one of {Address} that shows no credential was closed")]
    private static partial void Shed(ILogger logger, int most, string address);

    [LoggerMessage(61, LogLevel.Warning, "All {Most} connections are in use by known clients: one from {Address} was refused")]
    private static partial void Refused(ILogger logger, int most, string address);
}

/// <summary>One open connection, as <see cref="ClientConnections"/> sees it; a feature of its requests.</summary>
internal sealed class ClientConnection(ConnectionContext connection, string address)
{
    public string Address { get; } = address;

    /// <summary>Who it has shown to be; null: a stranger. Guarded by the owner's lock, as everything that changes here.</summary>
    public string? Identity { get; set; }

    public int Requests { get; set; }

    /// <summary>Timestamp of the last beginning or end of a request, or of the connection itself.</summary>
    public long Since { get; set; }

    public bool Ended { get; set; }

    /// <summary>Its place among the strangers of its address; null: it is known, or has ended.</summary>
    public LinkedListNode<ClientConnection>? Stranger { get; set; }

    /// <summary>An answer was given before the request was read: the rest is read and discarded, so that a reset does not take the answer away.</summary>
    public bool Lingers { get; set; }

    public void Abort() => connection.Abort(new ConnectionAbortedException("shed"));
}
