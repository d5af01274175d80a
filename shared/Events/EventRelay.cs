using IoTPlatform.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.Events;

/// <summary>
/// Publishes what the audit log holds and has a subscriber, in its order, and remembers how far it got only after the bus has it: a crash in
/// between publishes again, under the same id. What has no subscriber is not read.
/// </summary>
internal sealed class EventRelay(NpgsqlDataSource database, EventMappers mappers, IEventPublisher publisher, TimeProvider time, ILogger<EventRelay> log)
    : Relay(database, Lock, publisher, time, log)
{
    /// <summary>"iot-evnt" in ASCII.</summary>
    private const long Lock = 0x696f742d65766e74;

    private const int BatchSize = 500;

    protected override async Task<RelayProgress> RelayAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var outbox = new AuditOutbox(connection);
        var (position, newest) = await outbox.PositionAsync(cancellationToken);
        if (position == newest)
        {
            return RelayProgress.CaughtUp;
        }
        // Asked after the newest entry is known: who subscribes later subscribes to what comes after that entry.
        var actions = mappers.ActionsOf(await Publisher.SubscribedTypesAsync(cancellationToken));
        var operations = actions.Length == 0 ? [] : await outbox.ReadAsync(position, newest, actions, BatchSize, cancellationToken);
        if (operations.Count > 0 && await mappers.MapAsync(operations, cancellationToken) is { Count: > 0 } events)
        {
            await Publisher.PublishAsync(events, cancellationToken);
        }

        await outbox.AdvanceAsync(operations.Count == BatchSize ? operations[^1].Sequence : newest, cancellationToken);
        return actions.Length == 0 ? RelayProgress.Unsubscribed : operations.Count == BatchSize ? RelayProgress.Behind : RelayProgress.CaughtUp;
    }
}

public static class EventServices
{
    /// <summary>The relay from the audit log to this publisher. Which operations are events is said by every <see cref="IEventMapper"/>.</summary>
    public static IServiceCollection AddEventRelay<TPublisher>(this IServiceCollection services) where TPublisher : class, IEventPublisher
    {
        services.AddSingleton<EventMappers>();
        services.AddSingleton<EventReader>();
        services.AddSingleton<IEventPublisher, TPublisher>();
        services.AddSingleton<EventRelay>();
        services.AddSingleton(new EventBacklog("(SELECT head.sequence - relay.position FROM audit.head, events.relay)"));
        return services.AddHostedService(provider => provider.GetRequiredService<EventRelay>());
    }
}
