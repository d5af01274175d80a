using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using IoTPlatform.LocalServices;
using IoTPlatform.Testing;

namespace IoTPlatform.Benchmarks.Mqtt;

/// <summary>What a broker of others is told to do: keep for an absent subscriber what it acknowledges, as it can.</summary>
internal static class PeerBrokers
{
    private const string Topics = "bench/#";
    private const string Client = "bench";

    /// <summary>mosquitto with persistence: messages are in its memory, and on disk at its next saving (half an hour, or its end).</summary>
    public static async Task<(MqttTarget Target, IAsyncDisposable Broker)> MosquittoAsync(TempFolder folder, int clients, CancellationToken cancellationToken)
    {
        using var ca = new ThrowAwayCa();
        var (pem, authorities) = (folder.Combine("server.pem"), folder.Combine("authorities.pem"));
        await File.WriteAllTextAsync(pem, ca.Server("localhost"), cancellationToken);
        await File.WriteAllTextAsync(authorities, ca.RootPem + "\n" + ca.IntermediatePem, cancellationToken);
        var port = FreePort.Next();
        await File.WriteAllTextAsync(folder.Combine("mosquitto.conf"), $"""
            listener {port.ToString(CultureInfo.InvariantCulture)} 127.0.0.1
            cafile {authorities}
            certfile {pem}
            keyfile {pem}
            require_certificate true
            use_identity_as_username true
            user root
            persistence true
            persistence_location {folder.Path}/
            max_queued_messages 0
            log_type none

            """, cancellationToken);
        var process = ProcessUnderTest.Start(Tools.Find("mosquitto") ?? throw new BenchmarkException("mosquitto is missing: apt-get install mosquitto"), ["-c", folder.Combine("mosquitto.conf")]);
        var target = new MqttTarget("mosquitto", port, process.Id, Identities(ca, clients, withIssuer: false));
        await SubscribeAsync(target, cancellationToken);
        return (target, process);
    }

    /// <summary>RabbitMQ with its queue on disk, as the platform ships its configuration.</summary>
    public static async Task<(MqttTarget Target, IAsyncDisposable Broker)> RabbitMqAsync(int clients, CancellationToken cancellationToken)
    {
        var broker = await RabbitMqServer.StartAsync();
        await broker.AdminAsync(HttpMethod.Put, "vhosts/bench");
        await broker.AdminAsync(HttpMethod.Put, "users/bench", """{"password_hash":"","tags":""}""");
        await broker.AdminAsync(HttpMethod.Put, "permissions/bench/bench", """{"configure":".*","write":".*","read":".*"}""");
        await broker.AdminAsync(HttpMethod.Put, "global-parameters/mqtt_default_vhosts", """{"value":{"bench":"bench"}}""");
        var target = new MqttTarget("RabbitMQ", broker.MqttPort, broker.ProcessId, Identities(broker.Ca, clients, withIssuer: true));
        await SubscribeAsync(target, cancellationToken);
        return (target, broker);
    }

    /// <summary>A session that outlives its connection: the broker queues for it.</summary>
    private static async Task SubscribeAsync(MqttTarget target, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                using var subscriber = await MqttLoadClient.ConnectAsync(target, target.Clients[0] with { ClientId = "absent" }, cancellationToken, clean: false);
                await subscriber.SubscribeAsync(Topics, cancellationToken);
                return;
            }
            catch (System.Net.Sockets.SocketException) when (attempt < 100)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
            }
        }
    }

    /// <summary>One certificate for all: neither broker looks at more than that it is valid.</summary>
    private static IReadOnlyList<MqttLoadIdentity> Identities(ThrowAwayCa ca, int clients, bool withIssuer)
    {
        var pem = ca.Client(Client);
        var certificates = pem[pem.IndexOf("-----BEGIN CERTIFICATE", StringComparison.Ordinal)..];
        using var key = ECDsa.Create();
        key.ImportFromPem(pem);
        var context = BenchedTenant.Context(X509Certificate2.CreateFromPem(certificates).ExportCertificatePem(), key, withIssuer ? ca.IntermediatePem : null);
        return [.. Enumerable.Range(0, clients).Select(i => new MqttLoadIdentity($"device-{i}", $"bench/device-{i}/telemetry", context))];
    }
}
