using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Report;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.Benchmarks.Mqtt;

/// <summary>Devices' messages to committed rows at a tenant, and from there to rows at its provider, beside brokers of others.</summary>
internal static class MqttBenchmark
{
    /// <summary>Unacknowledged messages of each of many publishers, and of a single one.</summary>
    private const int ManyWindow = 4;
    private const int OneWindow = 256;

    public static async Task<BenchmarkReport> RunAsync(BenchmarkOptions options, TextWriter progress, CancellationToken cancellationToken)
    {
        var (devices, messages, connections, commands) = options.Quick ? (20, 4000, 50, 20) : (200, options.Messages, options.Connections, 1000);
        var clients = Math.Max(devices, connections);
        var notes = new List<string>();
        await progress.WriteLineAsync($"starting the brokers, and enrolling {clients} devices");
        await using var tenant = await BenchedTenant.StartAsync(clients, cancellationToken);
        await tenant.StopProviderAsync();
        using var folder = new TempFolder();
        var peers = new List<(MqttTarget Target, IAsyncDisposable Broker)>();
        try
        {
            if (options.WithoutPeer || Tools.Find("mosquitto") is null)
            {
                notes.Add("without mosquitto");
            }
            else
            {
                peers.Add(await PeerBrokers.MosquittoAsync(folder, clients, cancellationToken));
            }

            if (options.WithoutPeer || RabbitMqProgram.Installed is null)
            {
                notes.Add("without RabbitMQ");
            }
            else
            {
                peers.Add(await PeerBrokers.RabbitMqAsync(clients, cancellationToken));
            }

            var (loads, idle) = await MeasureAsync([tenant.Target, .. peers.Select(peer => peer.Target)], devices, messages, connections, progress, cancellationToken);
            loads.Add(await CommandRoundTrips.MeasureAsync(tenant, commands, cancellationToken));
            await progress.WriteLineAsync($"{tenant.Target.Name}: a command and its answer: p50 {loads[^1].P50Milliseconds:F1} ms, p99 {loads[^1].P99Milliseconds:F1} ms");
            // With the warm-ups.
            var acknowledged = loads.Where(load => load.Server == tenant.Target.Name && load.Operation == "publish").Sum(load => load.Requests + Math.Max(1, load.Requests / 5 / load.Concurrency) * load.Concurrency);
            var missing = (int)(acknowledged - await tenant.StoredAsync(cancellationToken));
            if (missing != 0)
            {
                throw new BenchmarkException($"{missing} acknowledged messages are not in the tenant's table");
            }

            loads.Add(await tenant.CarryUpAsync(cancellationToken));
            await progress.WriteLineAsync($"bridge: {loads[^1].PerSecond:F0}/s");
            notes.Add($"A publisher of many has {ManyWindow} messages unacknowledged, a single one {OneWindow}; QoS 1, about 115 bytes with a timestamp, MQTT 3.1.1 over mTLS.");
            notes.Add("A command: to one device, one after the other, from the call of the tenant's API until the device's answer is committed and acknowledged.");
            notes.Add("Load tool and brokers share the machine. An acknowledged message is: at IoTPlatform a committed row (durable PostgreSQL); at RabbitMQ in a durable queue; at mosquitto in its memory until it saves.");
            return new BenchmarkReport { Title = "MQTT", Machine = Machine.Describe(), Loads = loads, Idle = idle, Notes = notes };
        }
        finally
        {
            foreach (var (_, broker) in peers)
            {
                await broker.DisposeAsync();
            }
        }
    }

    /// <summary>The brokers take turns at every figure: what else the machine does meanwhile then hits them alike.</summary>
    private static async Task<(List<LoadResult> Loads, List<IdleResult> Idle)> MeasureAsync(
        IReadOnlyList<MqttTarget> targets, int devices, int messages, int connections, TextWriter progress, CancellationToken cancellationToken)
    {
        var (loads, idle) = (new List<LoadResult>(), new List<IdleResult>());
        foreach (var target in targets)
        {
            var (connects, memory) = await MqttLoad.ConnectAsync(target, connections, cancellationToken);
            loads.Add(connects);
            idle.Add(memory);
            await progress.WriteLineAsync($"{target.Name}: {connects.PerSecond:F0} connects/s, {connects.CpuMicroseconds:F0} us CPU each, {memory.KiBEach:F0} KiB each idle");
        }

        foreach (var (clients, window) in new[] { (devices, ManyWindow), (1, OneWindow) })
        {
            foreach (var target in targets)
            {
                loads.Add(await MqttLoad.PublishAsync(target, clients, window, messages, cancellationToken));
                await progress.WriteLineAsync($"{target.Name}: {clients} publishers: {loads[^1].PerSecond:F0}/s, p99 {loads[^1].P99Milliseconds:F1} ms, {loads[^1].CpuMicroseconds:F0} us CPU each");
            }
        }

        return (loads, idle);
    }
}
