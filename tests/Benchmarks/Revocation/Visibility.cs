using System.Diagnostics;
using IoTPlatform.Benchmarks.Measurement;
using IoTPlatform.Benchmarks.Mqtt;
using IoTPlatform.Contracts.Certificates;

namespace IoTPlatform.Benchmarks.Revocation;

/// <summary>From the call that revokes a connected device until its session is closed, OCSP says so and its list has it.</summary>
internal static class Visibility
{
    private const int ConnectsAtATime = 16;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(10);

    /// <param name="tenant">Runs.</param>
    /// <param name="http">For its lists.</param>
    /// <param name="shards">Of its Sub-CA's list.</param>
    /// <param name="ocsp">Its own.</param>
    /// <param name="revocations">So many.</param>
    /// <param name="progress">Is told.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<IReadOnlyList<LoadResult>> MeasureAsync(
        BenchedTenant tenant, HttpClient http, Uri shards, OcspLoad ocsp, int revocations, TextWriter progress, CancellationToken cancellationToken)
    {
        var target = tenant.Target;
        await progress.WriteLineAsync($"connecting {target.Clients.Count} devices");
        var clients = new MqttLoadClient[target.Clients.Count];
        await Parallel.ForAsync(0, clients.Length, new ParallelOptions { MaxDegreeOfParallelism = ConnectsAtATime, CancellationToken = cancellationToken }, async (index, stop) =>
            clients[index] = await MqttLoadClient.ConnectAsync(target, target.Clients[index], stop));
        try
        {
            using var admin = await tenant.AdminAsync();
            var seen = new[] { new List<double>(), new List<double>(), new List<double>() };
            foreach (var (identity, client) in target.Clients.Zip(clients).Take(revocations))
            {
                var serial = identity.Certificate.TargetCertificate.SerialNumberBytes.ToArray();
                var list = new Uri(shards, $"{serial[^1]:x2}.crl");
                var started = Stopwatch.GetTimestamp();
                await admin.RevokeDeviceAsync(identity.ClientId, new RevokeRequest { ReasonCode = 1, Reason = "benchmark" }, cancellationToken);
                var times = await Task.WhenAll(
                    TimeAsync(started, () => client.UntilEndAsync(cancellationToken)),
                    TimeAsync(started, () => UntilAsync(async () => await ocsp.AskAsync(serial, cancellationToken) == OcspLoad.Revoked, cancellationToken)),
                    TimeAsync(started, () => UntilAsync(async () => (await http.GetByteArrayAsync(list, cancellationToken)).AsSpan().IndexOf(serial) >= 0, cancellationToken)));
                for (var i = 0; i < times.Length; i++)
                {
                    seen[i].Add(times[i]);
                }
            }

            return [Result("revoke, session closed", seen[0]), Result("revoke, in OCSP", seen[1]), Result("revoke, in its list", seen[2])];
        }
        finally
        {
            Array.ForEach(clients, client => client?.Dispose());
        }
    }

    private static async Task<double> TimeAsync(long started, Func<Task> happens)
    {
        await happens();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static async Task UntilAsync(Func<Task<bool>> isSeen, CancellationToken cancellationToken)
    {
        while (!await isSeen())
        {
            await Task.Delay(Look, cancellationToken);
        }
    }

    private static LoadResult Result(string operation, List<double> milliseconds)
    {
        milliseconds.Sort();
        return new LoadResult
        {
            Server = "IoTPlatform",
            Operation = operation,
            Concurrency = 1,
            Requests = milliseconds.Count,
            Failures = 0,
            PerSecond = 1000 / milliseconds.Average(),
            P50Milliseconds = milliseconds[milliseconds.Count / 2],
            P99Milliseconds = milliseconds[milliseconds.Count * 99 / 100],
            ServerCpuMicroseconds = 0,
            DatabaseCpuMicroseconds = 0,
        };
    }
}
