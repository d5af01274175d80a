using IoTPlatform.Database;
using IoTPlatform.Events;
using IoTPlatform.Mqtt;
using IoTPlatform.Tenant.Features.Mqtt;
using Npgsql;

namespace IoTPlatform.Tenant.Features.Commands;

internal static class CommandServices
{
    /// <param name="services">Gets them.</param>
    /// <param name="broker">Null: the embedded broker.</param>
    public static IServiceCollection AddCommands(this IServiceCollection services, BrokerOptions? broker)
    {
        services.AddSingleton<DeviceCommands>().AddSingleton<CommandSending>().AddSingleton<ProviderCommands>().AddSingleton<IEventMapper, CommandEventMapper>().AddHostedService<CommandExpiry>()
            .AddSingleton<CommandAnswers>().AddSingleton<QueuedCommands>().AddSingleton<CommandWakeups>();
        return broker is not null
            ? services.AddSingleton(broker).AddHostedService<BrokerCommandDelivery>().AddHostedService<WaitingCommands>().AddHostedService<BrokerCommandNotices>()
            : services
                .AddSingleton<ISessionObserver>(provider => provider.GetRequiredService<CommandWakeups>())
                .AddHostedService<CommandDelivery>()
                .AddHostedService<CommandNotices>();
    }
}

/// <summary>Wakes the process that holds the device's session, whichever has stored the command.</summary>
internal sealed class CommandNotices(NpgsqlDataSource database, CommandWakeups wakeups, MqttSessions sessions, ILogger<CommandNotices> log)
    : DatabaseNotices(database, DeviceCommands.Channel, "Commands", log)
{
    protected override Task CatchUpAsync(CancellationToken cancellationToken)
    {
        wakeups.Add(sessions.Connected);
        return Task.CompletedTask;
    }

    protected override Task NoticedAsync(string payload, CancellationToken cancellationToken)
    {
        wakeups.Add([payload]);
        return Task.CompletedTask;
    }
}
