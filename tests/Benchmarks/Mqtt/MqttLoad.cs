using System.Diagnostics;
using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Report;

namespace IoTPlatform.Benchmarks.Mqtt;

/// <summary>What every broker is measured by.</summary>
internal static class MqttLoad
{
    private const int ConnectsAtATime = 16;

    /// <summary>Until garbage and buffers of the handshakes are gone.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    /// <summary>Connects with a full handshake each, and the memory of all of them while they are idle.</summary>
    public static async Task<(LoadResult Connects, IdleResult Idle)> ConnectAsync(MqttTarget target, int connections, CancellationToken cancellationToken)
    {
        // Compiles and allocates what any connection needs.
        using (await Connections.OpenAsync(target, Math.Min(connections, 100), cancellationToken))
        {
        }

        await Task.Delay(Settling, cancellationToken);
        var before = ResidentMemory.Of(target.ProcessId);
        var clients = new MqttLoadClient[connections];
        try
        {
            var connects = await LoadGenerator.RunAsync(target.Name, "connect", target.ProcessId, ConnectsAtATime, connections, async (_, index, stop) =>
            {
                clients[index] = await MqttLoadClient.ConnectAsync(target, target.Clients[index], stop);
                return true;
            }, cancellationToken);
            await Task.Delay(Settling, cancellationToken);
            return (connects, new IdleResult(target.Name, connections, (ResidentMemory.Of(target.ProcessId).ServerMiB - before.ServerMiB) * 1024 / connections));
        }
        finally
        {
            Array.ForEach(clients, client => client?.Dispose());
        }
    }

    /// <summary>Each client keeps <paramref name="window"/> messages unacknowledged.</summary>
    public static async Task<LoadResult> PublishAsync(MqttTarget target, int clients, int window, int messages, CancellationToken cancellationToken)
    {
        using var connections = await Connections.OpenAsync(target, clients, cancellationToken);
        await connections.PublishAsync(window, Math.Max(1, messages / 5 / clients), cancellationToken);
        var before = CpuTime.Of(target.ProcessId);
        var started = Stopwatch.GetTimestamp();
        var milliseconds = await connections.PublishAsync(window, messages / clients, cancellationToken);
        var elapsed = Stopwatch.GetElapsedTime(started);
        var cpu = CpuTime.Of(target.ProcessId) - before;
        Array.Sort(milliseconds);
        return new LoadResult
        {
            Server = target.Name,
            Operation = "publish",
            Concurrency = clients,
            Requests = milliseconds.Length,
            Failures = 0,
            PerSecond = milliseconds.Length / elapsed.TotalSeconds,
            P50Milliseconds = milliseconds[milliseconds.Length / 2],
            P99Milliseconds = milliseconds[milliseconds.Length * 99 / 100],
            ServerCpuMicroseconds = cpu.Server.TotalMicroseconds / milliseconds.Length,
            DatabaseCpuMicroseconds = cpu.Database.TotalMicroseconds / milliseconds.Length,
        };
    }

    private sealed class Connections(MqttLoadClient[] clients) : IDisposable
    {
        public static async Task<Connections> OpenAsync(MqttTarget target, int count, CancellationToken cancellationToken)
        {
            var clients = new MqttLoadClient[count];
            await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = ConnectsAtATime, CancellationToken = cancellationToken }, async (index, stop) =>
                clients[index] = await MqttLoadClient.ConnectAsync(target, target.Clients[index], stop));
            return new Connections(clients);
        }

        public async Task<double[]> PublishAsync(int window, int each, CancellationToken cancellationToken)
        {
            var milliseconds = new double[clients.Length * each];
            await Task.WhenAll(clients.Select((client, i) => client.PublishAsync(window, new ArraySegment<double>(milliseconds, i * each, each), cancellationToken)));
            return milliseconds;
        }

        public void Dispose() => Array.ForEach(clients, client => client.Dispose());
    }
}
