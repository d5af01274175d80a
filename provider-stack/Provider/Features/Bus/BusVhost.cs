using System.Text.Json.Nodes;
using IoTPlatform.Provider.Features.Broker.RabbitMq;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Amqp;
using IoTPlatform.Provider.Features.Broker.RabbitMq.Api;

namespace IoTPlatform.Provider.Features.Bus;

/// <summary>The vHost of the platform's bus, and what the platform's own user may do there.</summary>
internal sealed class BusVhost(RabbitMqApi api, RabbitMqOwnership ownership, AmqpAccount account)
{
    public const string Name = "platform";

    /// <summary>The queue of wake-ups, and the exchange before it.</summary>
    public const string Workflow = "workflow";

    /// <summary>A process's queue for answers has a random end.</summary>
    public const string Answers = "workflow-answers-";

    /// <summary>The exchanges of events, each called as its event, and what wakes workflows. Queues of other programs are not accessible.</summary>
    private const string Ours = @"^((tenant|bridge|certificate|device|platform)\.[a-z]+|advance\.workflow|workflow(-retry-[0-9]+s|-answers-[0-9a-f]+)?)$";

    /// <summary>Of earlier versions, which consumed their own events; it has an exchange and queues of that name.</summary>
    private const string Former = "tenant-history";

    public static PermissionOrder Rights { get; } = new(Configure: Ours, Write: Ours, Read: Ours);

    /// <summary>A queue without a consumer: messages of that age return to the queue of wake-ups. One per delay, because only the head of a queue expires.</summary>
    public static string RetryQueue(TimeSpan delay) => $"{Workflow}-retry-{(int)delay.TotalSeconds}s";

    /// <summary>The shipped configuration makes the vHost; where it did not, this does. Failures are those of <see cref="RabbitMqApi"/>.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (await api.FindVhostAsync(Name, cancellationToken) is null)
        {
            await api.EnsureVhostAsync(Name, new VhostOrder("The platform's bus", ownership.Tag), cancellationToken);
        }

        await api.RemoveExchangeAsync(Name, Former, cancellationToken);
        foreach (var queue in new[] { Former, Former + "_error", Former + "_skipped" })
        {
            await api.RemoveQueueAsync(Name, queue, cancellationToken);
        }

        foreach (var delay in RabbitMqRetry.Delays)
        {
            await api.EnsurePolicyAsync(Name, RetryQueue(delay), RetryPolicy(delay), cancellationToken);
        }

        await account.GrantAsync(Name, Rights, cancellationToken);
    }

    private static PolicyInfo RetryPolicy(TimeSpan delay) => new(
        $"^{RetryQueue(delay)}$", new JsonObject { ["message-ttl"] = (int)delay.TotalMilliseconds, ["dead-letter-exchange"] = Workflow }, Priority: 0);
}
