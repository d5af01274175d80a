using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Mqtt;

/// <summary>Records which clients are connected: at once after a change, and then once a second, however many come and go.</summary>
/// <param name="clients">What they are, for the log.</param>
/// <param name="services">Observers are made before the sessions that tell them.</param>
/// <param name="time">For the interval.</param>
/// <param name="log">Of the class that inherits.</param>
public abstract partial class PresenceRecorder(string clients, IServiceProvider services, TimeProvider time, ILogger log) : BackgroundService, ISessionObserver
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public Task ConnectedAsync(MqttIdentity identity, CancellationToken cancellationToken) => Changed();

    public Task DisconnectedAsync(MqttIdentity identity, CancellationToken cancellationToken) => Changed();

    /// <summary>These and no others.</summary>
    /// <param name="connected">Names of the connected clients.</param>
    /// <param name="cancellationToken">The host stops.</param>
    protected abstract Task RecordAsync(IReadOnlyCollection<string> connected, CancellationToken cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // After a start nobody is connected; who was before is found so.
        await Changed();
        var failing = false;
        while (await _changed.Reader.ReadAsync(stoppingToken))
        {
            try
            {
                await RecordAsync(services.GetRequiredService<MqttSessions>().Connected, stoppingToken);
                failing = false;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!failing)
                {
                    Failed(clients, e.Message);
                }

                failing = true;
                await Changed();
            }

            await Task.Delay(Interval, time, stoppingToken);
        }
    }

    private Task Changed()
    {
        _changed.Writer.TryWrite(true);
        return Task.CompletedTask;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Which {Clients} are connected can't be recorded; trying again and again: {Reason}")]
    private partial void Failed(string clients, string reason);
}
