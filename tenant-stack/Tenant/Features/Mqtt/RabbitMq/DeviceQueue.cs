using System.Text;
using IoTPlatform.RabbitMq.Amqp;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace IoTPlatform.Tenant.Features.Mqtt.RabbitMq;

/// <summary>Where what devices publish to a tenant's RabbitMQ waits for the tenant. The tenant makes it itself.</summary>
internal static class DeviceQueue
{
    public const string Name = "devices";

    /// <summary>What could not be stored, with the reason; and the exchange that leads there.</summary>
    public const string Dead = "devices.dead";

    /// <summary>Of MQTT: topics are routing keys.</summary>
    public const string Exchange = "amq.topic";

    /// <summary>Leads nowhere, and no client may publish there.</summary>
    private const string Forbidden = "proof.refused";

    /// <summary>AMQP 0-9-1: access-refused.</summary>
    private const ushort AccessRefused = 403;

    /// <summary>AMQP 0-9-1: precondition-failed, where a queue has other arguments.</summary>
    private const ushort PreconditionFailed = 406;

    private static readonly TimeSpan LongestProof = TimeSpan.FromSeconds(10);

    /// <summary>What leads into <see cref="Name"/>: everything that devices may publish.</summary>
    public static IReadOnlyList<string> RoutingKeys { get; } =
    [
        "telemetry.#", "events.#", "status.#", "commands.*.*.response",
        "devices.*.telemetry.#", "devices.*.events.#", "devices.*.state.#", "devices.*.commands.*.response", "devices.*.renew.request",
    ];

    /// <summary>Idempotent. In a cluster the queues are on three nodes.</summary>
    public static async Task EnsureAsync(IConnection connection, CancellationToken cancellationToken)
    {
        var common = new Dictionary<string, object?>(StringComparer.Ordinal) { ["x-queue-type"] = "quorum" };
        if (!Version(connection).StartsWith("3.", StringComparison.Ordinal))
        {
            // From 4.0 on a message is dropped after 20 deliveries unless that is said: a tenant that is killed again and again would lose it.
            common["x-delivery-limit"] = -1;
        }

        // Full: a publish is not acknowledged, so the device keeps the message. Dropping would lose what was acknowledged.
        // One reader at a time: what a process did not acknowledge comes again to one that knows all that was stored until then.
        await DeclareAsync(connection, Name, new Dictionary<string, object?>(common, StringComparer.Ordinal)
        {
            ["x-max-length-bytes"] = 1L << 30,
            ["x-overflow"] = "reject-publish",
            ["x-single-active-consumer"] = true,
        }, cancellationToken);
        await DeclareAsync(connection, Dead, new Dictionary<string, object?>(common, StringComparer.Ordinal)
        {
            ["x-max-length"] = 10_000,
            ["x-max-length-bytes"] = 64L << 20,
            ["x-message-ttl"] = 14L * 24 * 3600 * 1000,
        }, cancellationToken);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        await channel.ExchangeDeclareAsync(Dead, ExchangeType.Fanout, durable: true, autoDelete: false, cancellationToken: cancellationToken);
        await channel.QueueBindAsync(Dead, Dead, "", cancellationToken: cancellationToken);
        foreach (var key in RoutingKeys)
        {
            await channel.QueueBindAsync(Name, Exchange, key, cancellationToken: cancellationToken);
        }
    }

    /// <summary>
    /// The topic is all that says whose message it is, so the broker has to ask about topics: it is tried with one on which this tenant refuses itself. Throws
    /// <see cref="BrokerOpenException"/> where the broker takes it, and <see cref="TimeoutException"/> where it takes nothing now.
    /// </summary>
    /// <param name="connection">A broker that is short of memory or disk reads nothing more from it.</param>
    /// <param name="time">For the limit.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task ProveAsync(IConnection connection, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(LongestProof, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        await using var channel = await connection.CreateChannelAsync(
            new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true, outstandingPublisherConfirmationsRateLimiter: null), limit.Token);
        try
        {
            await channel.BasicPublishAsync(Exchange, Forbidden, mandatory: false, ReadOnlyMemory<byte>.Empty, limit.Token);
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == AccessRefused)
        {
            return;
        }
        catch (OperationCanceledException e) when (timer.IsCancellationRequested)
        {
            throw new TimeoutException("the broker takes no message now, as when its memory or disk is short", e);
        }

        throw new BrokerOpenException();
    }

    /// <summary>Whether a tenant may publish there itself: to a device.</summary>
    public static bool IsDown(string routingKey) => routingKey.Split('.') is ["commands", _, _] or ["devices", _, "commands", _] or ["devices", _, "renew", "response"];

    private static async Task DeclareAsync(IConnection connection, string queue, Dictionary<string, object?> arguments, CancellationToken cancellationToken)
    {
        await using var channel = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
        try
        {
            await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: cancellationToken);
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == PreconditionFailed)
        {
            // It was made at another version of the broker. A queue's arguments never change, and what waits in it counts.
            await using var another = await connection.CreateChannelAsync(cancellationToken: cancellationToken);
            await another.QueueDeclarePassiveAsync(queue, cancellationToken);
        }
    }

    private static string Version(IConnection connection) =>
        connection.ServerProperties?.TryGetValue("version", out var version) == true && version is byte[] text ? Encoding.UTF8.GetString(text) : "";
}

/// <summary>The broker lets a client publish where the tenant refuses it.</summary>
internal sealed class BrokerOpenException() : Exception("the broker takes a message on a topic that the tenant refuses: it does not ask (15-devices.conf)");
