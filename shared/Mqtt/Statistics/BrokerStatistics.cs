using System.Globalization;
using System.Reflection;

namespace IoTPlatform.Mqtt;

/// <summary>What the broker of this process has done since its start, under the names that mosquitto gave these topics.</summary>
internal sealed class BrokerStatistics(MqttSessions sessions, BrokerMetrics metrics, TimeProvider time)
{
    /// <summary>All of them.</summary>
    public const string Filter = "$SYS/#";

    /// <summary>Of the moving averages.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private const string Root = "$SYS/broker/";

    private static readonly string Version = "IoTPlatform " + typeof(BrokerStatistics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    private readonly long _started = time.GetTimestamp();
    private readonly Lock _gate = new();
    private readonly HashSet<Connection> _open = [];
    private readonly Dictionary<string, LoadAverage> _load = new(StringComparer.Ordinal);
    private Traffic _ended;
    private long _sockets;
    private long _mostConnected;
    private long _averaged = time.GetTimestamp();

    public void Opened(Connection connection)
    {
        lock (_gate)
        {
            _open.Add(connection);
            _sockets++;
        }
    }

    public void Ended(Connection connection)
    {
        lock (_gate)
        {
            if (_open.Remove(connection))
            {
                _ended += connection.Traffic;
            }
        }
    }

    /// <summary>By topic.</summary>
    public IReadOnlyList<(string Topic, string Value)> Read()
    {
        lock (_gate)
        {
            var traffic = _open.Aggregate(_ended, (sum, connection) => sum + connection.Traffic);
            var clients = sessions.Count();
            _mostConnected = Math.Max(_mostConnected, clients.Connected);
            Average(traffic);
            return
            [
                .. Values(traffic, clients),
                .. _load.SelectMany(load => load.Value.Averages.Select(window => ($"{Root}load/{load.Key}/{window.Minutes}min", window.Average.ToString("F2", CultureInfo.InvariantCulture)))),
            ];
        }
    }

    private IEnumerable<(string Topic, string Value)> Values(Traffic traffic, SessionCounts clients) => new (string Topic, object Value)[]
    {
        ("version", Version),
        ("uptime", $"{(long)time.GetElapsedTime(_started).TotalSeconds} seconds"),
        ("clients/connected", clients.Connected),
        ("clients/disconnected", clients.Sessions - clients.Connected),
        ("clients/total", clients.Sessions),
        ("clients/maximum", _mostConnected),
        ("clients/expired", clients.Expired),
        ("subscriptions/count", clients.Subscriptions),
        ("messages/received", traffic.MessagesReceived),
        ("messages/sent", traffic.MessagesSent),
        ("publish/messages/received", traffic.PublishReceived),
        ("publish/messages/sent", traffic.PublishSent),
        ("publish/messages/dropped", metrics.DroppedTotal),
        ("publish/bytes/received", traffic.PublishBytesReceived),
        ("publish/bytes/sent", traffic.PublishBytesSent),
        ("bytes/received", traffic.BytesReceived),
        ("bytes/sent", traffic.BytesSent),
        ("heap/current", GC.GetTotalMemory(forceFullCollection: false)),
    }.Select(value => (Root + value.Topic, Convert.ToString(value.Value, CultureInfo.InvariantCulture)!));

    private void Average(Traffic traffic)
    {
        var since = time.GetElapsedTime(_averaged);
        if (since < Interval)
        {
            return;
        }

        _averaged = time.GetTimestamp();
        foreach (var (name, total) in new (string, long)[]
        {
            ("messages/received", traffic.MessagesReceived),
            ("messages/sent", traffic.MessagesSent),
            ("publish/received", traffic.PublishReceived),
            ("publish/sent", traffic.PublishSent),
            ("publish/dropped", metrics.DroppedTotal),
            ("bytes/received", traffic.BytesReceived),
            ("bytes/sent", traffic.BytesSent),
            ("sockets", _sockets),
        })
        {
            if (!_load.TryGetValue(name, out var load))
            {
                _load[name] = load = new LoadAverage();
            }

            load.Add(total, since.TotalMinutes);
        }
    }
}

/// <param name="Connected">Of the sessions.</param>
/// <param name="Sessions">Also of clients that are away.</param>
/// <param name="Expired">Since the start.</param>
/// <param name="Subscriptions">Of all sessions.</param>
internal readonly record struct SessionCounts(int Connected, int Sessions, long Expired, int Subscriptions);
