using IoTPlatform.Provider.Features.Messaging.RabbitMq;
using IoTPlatform.Provider.Features.Messaging.RabbitMq.Amqp;
using IoTPlatform.Provider.Features.Messaging.RabbitMq.Api;

namespace IoTPlatform.Provider.Features.Events;

/// <summary>The vHost of the platform's events, and what the platform's own user may do there.</summary>
internal sealed class EventVhost(RabbitMqApi api, RabbitMqOwnership ownership, AmqpAccount account)
{
    public const string Name = "platform";

    /// <summary>The exchanges, each called as its event. Other people's queues are out of reach.</summary>
    private const string Ours = @"^(tenant|bridge|certificate|device|platform)\.[a-z]+$";

    /// <summary>Of earlier versions, which consumed their own events; it has an exchange and queues of that name.</summary>
    private const string Former = "tenant-history";

    public static PermissionOrder Rights { get; } = new(Configure: Ours, Write: Ours, Read: Ours);

    /// <summary>The shipped configuration makes the vHost; where it did not, this does. Failures are those of <see cref="RabbitMqApi"/>.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (await api.FindVhostAsync(Name, cancellationToken) is null)
            await api.EnsureVhostAsync(Name, new VhostOrder("The platform's events", ownership.Tag), cancellationToken);
        await api.RemoveExchangeAsync(Name, Former, cancellationToken);
        foreach (var queue in new[] { Former, Former + "_error", Former + "_skipped" })
            await api.RemoveQueueAsync(Name, queue, cancellationToken);
        await account.GrantAsync(Name, Rights, cancellationToken);
    }
}
