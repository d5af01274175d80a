using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Pki;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace IoTPlatform.RabbitMq;

/// <summary>Reports the connected clients to the watchers every few seconds. While the broker is unreachable nothing is reported and all states are kept.</summary>
internal sealed partial class ConnectionPoll(
    RabbitMqConnections broker, IEnumerable<IConnectionWatcher> watchers, NpgsqlDataSource database, TimeProvider time, ILogger<ConnectionPoll> log) : BackgroundService
{
    /// <summary>"iot-pres" in ASCII. Held from the question on, so that no older answer is written after a newer one.</summary>
    private const long Lock = 0x696f742d70726573;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        string? problem = null;
        do
        {
            try
            {
                await LookAsync(stoppingToken);
                if (problem is not null)
                {
                    Sees();
                }

                problem = null;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Once for each reason, not every few seconds.
                var reason = (e as ProblemException)?.Code ?? e.GetType().Name;
                if (reason != problem)
                {
                    Blind(e);
                }

                problem = reason;
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        await using var lease = await AdvisoryLock.TryAcquireAsync(database, Lock, TimeSpan.Zero, cancellationToken);
        if (lease is null)
        {
            return;
        }

        var connections = await broker.ListAsync(cancellationToken);
        foreach (var watcher in watchers)
        {
            await watcher.ReconcileAsync(connections, cancellationToken);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Who is connected to the broker can't be told at the moment; everybody counts as what they were")]
    private partial void Blind(Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "Who is connected to the broker is known again")]
    private partial void Sees();
}

public static class ConnectionPollServices
{
    /// <summary>Thousands of connections take a RabbitMQ a while to list.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    /// <summary>For every <see cref="IConnectionWatcher"/>, in their order.</summary>
    /// <param name="options">Their login sees all connections: tag <c>monitoring</c> or <c>administrator</c>.</param>
    /// <param name="broker">Of <see cref="RabbitMqHttp.Broker"/>.</param>
    public static IServiceCollection AddConnectionPoll(this IServiceCollection services, RabbitMqManagementOptions options, ServerVerifier broker) => services
        .AddSingleton(_ => new RabbitMqConnections(new RabbitMqManagement(RabbitMqHttp.Create(options, broker, CallTimeout))))
        .AddHostedService<ConnectionPoll>();
}

/// <summary>Wants to know who is connected to the host's RabbitMQ.</summary>
public interface IConnectionWatcher
{
    /// <summary>All there are; called again and again, by one process per database at a time.</summary>
    Task ReconcileAsync(IReadOnlyList<BrokerConnection> connections, CancellationToken cancellationToken);
}

/// <summary>A client connected to RabbitMQ at this moment, on any protocol.</summary>
/// <param name="User">Login; null while it is still logging in.</param>
/// <param name="Vhost">As of <paramref name="User"/>.</param>
public sealed record BrokerConnection(string? User, string? Vhost);

/// <summary>Who is connected to a RabbitMQ. Needs a login with the tag <c>monitoring</c> or <c>administrator</c>.</summary>
/// <param name="management">Disposed with this.</param>
public sealed class RabbitMqConnections(RabbitMqManagement management) : IDisposable
{
    private const string Administrator = "administrator";

    /// <summary>Of all vHosts. Failures are those of <see cref="RabbitMqFailure"/>.</summary>
    public async Task<IReadOnlyList<BrokerConnection>> ListAsync(CancellationToken cancellationToken)
    {
        // A login without this tag sees its own connections only: all others would appear disconnected.
        if (!await HasTagAsync(["monitoring", Administrator], cancellationToken))
        {
            throw RabbitMqFailure.LoginRefused();
        }

        return await management.ListAsync("connections?columns=user,vhost", ManagementJson.Default.BrokerConnectionArray, cancellationToken);
    }

    /// <summary>Ends all connections of one user, on every protocol. False: the login is no administrator's, and may not.</summary>
    public async Task<bool> TryCloseAsync(string user, string reason, CancellationToken cancellationToken)
    {
        if (!await HasTagAsync([Administrator], cancellationToken))
        {
            return false;
        }

        await management.CloseConnectionsAsync(user, reason, cancellationToken);
        return true;
    }

    private async Task<bool> HasTagAsync(string[] anyOf, CancellationToken cancellationToken) =>
        (await management.GetAsync("whoami", ManagementJson.Default.WhoAmI, cancellationToken))?.Tags.Any(anyOf.Contains) == true;

    public void Dispose() => management.Dispose();
}
