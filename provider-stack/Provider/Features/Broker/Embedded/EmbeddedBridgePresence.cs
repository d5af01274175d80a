using System.Threading.Channels;
using IoTPlatform.Mqtt;

namespace IoTPlatform.Provider.Features.Broker.Embedded;

/// <summary>Records which bridges are connected to the embedded broker: at once after a change, and then once a second.</summary>
internal sealed partial class EmbeddedBridgePresence(IServiceProvider services, BridgePresence presence, TimeProvider time, ILogger<EmbeddedBridgePresence> log) : BackgroundService, ISessionObserver
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly Channel<bool> _changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public Task ConnectedAsync(MqttIdentity identity, CancellationToken cancellationToken) => Changed();

    public Task DisconnectedAsync(MqttIdentity identity, CancellationToken cancellationToken) => Changed();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // After a start nobody is connected; who was before is found so.
        await Changed();
        var failing = false;
        while (await _changed.Reader.ReadAsync(stoppingToken))
        {
            try
            {
                // Observers are made before the sessions that tell them.
                await presence.ReconcileAsync(services.GetRequiredService<BridgeSessions>().ConnectedTenants, stoppingToken);
                failing = false;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                if (!failing)
                {
                    Failed(e.Message);
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "Which bridges are connected can't be recorded; trying again and again: {Reason}")]
    private partial void Failed(string reason);
}
