using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Pki;
using IoTPlatform.Testing;

namespace IoTPlatform.Benchmarks.Telemetry;

/// <summary>A joined tenant's bridge, played by mosquitto_pub with QoS 1.</summary>
internal sealed class PublishingBridge : IDisposable
{
    /// <summary>The device that sends last.</summary>
    public const string Last = "last";

    /// <summary>mosquitto_pub takes the last message for acknowledged when the packet ids, 16 bits, come round to its own.</summary>
    private const int PerRun = 50_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private readonly TempFolder _folder = new();

    private PublishingBridge(string tenantId) => TenantId = tenantId;

    public string TenantId { get; }

    public static async Task<PublishingBridge> JoinAsync(ProviderClient provider, string tenantId, string joinKey, CancellationToken cancellationToken)
    {
        using var subCaKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var bridgeKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var bundle = await provider.JoinAsync(joinKey, new JoinRequest
        {
            SubCaCsr = CertificateSigningRequest.CreatePem(subCaKey, new SubjectNames()),
            MqttBridgeCsr = CertificateSigningRequest.CreatePem(bridgeKey, new SubjectNames()),
        }, cancellationToken);
        var bridge = new PublishingBridge(tenantId);
        await File.WriteAllTextAsync(bridge._folder.Combine("bridge.pem"), bridgeKey.ExportPkcs8PrivateKeyPem() + "\n" + bundle.MqttBridgeCert + bundle.CaChain, cancellationToken);
        return bridge;
    }

    /// <summary>Returns when the broker has acknowledged all of them, and one from <see cref="Last"/> behind them.</summary>
    public async Task PublishAsync(RabbitMqServer broker, int count)
    {
        var now = TimeProvider.System.GetUtcNow();
        foreach (var part in Enumerable.Range(0, count).Chunk(PerRun))
        {
            await PublishAsync(broker, "telemetry/pump-7/measurement", Lines(part, now));
        }

        await PublishAsync(broker, $"telemetry/{Last}", "{}\n");
    }

    public void Dispose() => _folder.Dispose();

    private static string Lines(IEnumerable<int> numbers, DateTimeOffset now)
    {
        var lines = new StringBuilder();
        foreach (var i in numbers)
        {
            lines.Append(CultureInfo.InvariantCulture, $$"""{"timestamp":"{{now.AddMilliseconds(-i):yyyy-MM-ddTHH:mm:ss.fffZ}}","temperature":21.5,"pressure":1013.25,"state":"running","sequence":{{i}}}""").Append('\n');
        }

        return lines.ToString();
    }

    private async Task PublishAsync(RabbitMqServer broker, string topic, string lines)
    {
        var port = broker.MqttPort.ToString(CultureInfo.InvariantCulture);
        var result = await Tools.RunAsync(
            Tools.Find("mosquitto_pub") ?? throw new BenchmarkException("mosquitto_pub is missing: apt-get install mosquitto-clients"),
            ["-h", "localhost", "-p", port, "-V", "mqttv311", "--cafile", broker.RootFile, "--cert", _folder.Combine("bridge.pem"), "--key", _folder.Combine("bridge.pem"), "-i", TenantId + ".bench", "-q", "1", "-t", topic, "-l"],
            lines, timeout: Patience);
        if (result.ExitCode != 0)
        {
            throw new BenchmarkException($"mosquitto_pub ended with {result.ExitCode}: {result.Error}");
        }
    }
}
