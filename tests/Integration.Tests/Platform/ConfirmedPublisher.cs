using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using IoTPlatform.Integration.Tests.RabbitMq;
using IoTPlatform.Pki.Files;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;
using IoTPlatform.Testing;
using RabbitMQ.Client;

namespace IoTPlatform.Integration.Tests.Platform;

/// <summary>
/// Publishes to a tenant's telemetry as QoS 1 does: a message counts as sent when the broker has confirmed it, and is published again until
/// then, over any number of broker crashes. Many in flight, so that a crash meets some.
/// </summary>
internal sealed class ConfirmedPublisher(RabbitMqServer broker, JoinedTenant certificate, string tenantId)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<int, bool> _confirmed = [];

    /// <summary>How many are confirmed.</summary>
    public int Confirmed => _confirmed.Count;

    public async Task PublishAsync(int from, int count, Func<int, string> payload, string topic = "telemetry.pump-7.x", Func<Task>? onceConnected = null)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (Enumerable.Range(from, count).Where(i => !_confirmed.ContainsKey(i)).ToList() is { Count: > 0 } left)
        {
            try
            {
                await using var connection = await ConnectAsync(patience.Token);
                await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true, null), patience.Token);
                await (onceConnected?.Invoke() ?? Task.CompletedTask);
                await Parallel.ForEachAsync(left, new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = patience.Token }, async (i, stop) =>
                {
                    await channel.BasicPublishAsync("amq.topic", topic, mandatory: true, new BasicProperties { Persistent = true }, Encoding.UTF8.GetBytes(payload(i)), stop);
                    _confirmed[i] = true;
                });
            }
            catch (Exception) when (!patience.IsCancellationRequested)
            {
                await Task.Delay(Again, patience.Token);
            }
        }
    }

    private async Task<IConnection> ConnectAsync(CancellationToken cancellationToken)
    {
        var pem = certificate.BridgePem;
        var chain = Pem.ParseCertificates(pem[pem.IndexOf("-----BEGIN CERTIFICATE", StringComparison.Ordinal)..]);
        using var leaf = X509Certificate2.CreateFromPem(pem, pem);
        var context = SslStreamCertificateContext.Create(leaf, [.. chain[1..]], offline: true);
        var options = ProvisionerFixture.Options(broker);
        var factory = new ConnectionFactory { AutomaticRecoveryEnabled = false };
        new AmqpConnections(options, new AmqpAccount(null!, null!, broker.Password), ProvisionerFixture.Verifier(await File.ReadAllTextAsync(broker.RootFile, cancellationToken)), () => context)
            .Configure(factory, tenantId);
        factory.UserName = broker.User;
        return await factory.CreateConnectionAsync(cancellationToken);
    }
}
