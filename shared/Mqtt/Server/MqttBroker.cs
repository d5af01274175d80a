using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using MQTTnet.Protocol;
using MQTTnet.Server;

namespace IoTPlatform.Mqtt;

/// <summary>MQTTnet's server with our rules in its events. It has the protocol; who may do what, when it is acknowledged and to whom it goes is decided here.</summary>
internal sealed class MqttBroker : IHostedLifecycleService, IDisposable
{
    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly MqttServer _server;
    private readonly MqttSessions _sessions;
    private readonly CancellationTokenSource _stop = new();
    private Task _sweeping = Task.CompletedTask;

    public MqttBroker(MqttEndpoint endpoint, Admission admission, Publishing publishing, MqttSessions sessions, ILogger<MqttServer> log)
    {
        _sessions = sessions;
        var options = new MqttServerOptionsBuilder()
            .WithDefaultCommunicationTimeout(HandshakeTimeout)
            // Deliveries bounds what waits.
            .WithMaxPendingMessagesPerClient(ushort.MaxValue)
            .WithPendingMessagesOverflowStrategy(MqttPendingMessagesOverflowStrategy.DropNewMessage)
            .WithoutDefaultEndpoint()
            .Build();
        _server = new MqttServer(options, [endpoint], new ServerLog(log));
        _server.ValidatingConnectionAsync += admission.ValidateAsync;
        _server.InterceptingPublishAsync += publishing.PublishAsync;
        _server.InterceptingSubscriptionAsync += Subscriptions.SubscribeAsync;
        _server.InterceptingUnsubscriptionAsync += Subscriptions.UnsubscribeAsync;
        _server.ClientConnectedAsync += async args => await Connection.Of(args.SessionItems).OpenAsync(await _server.GetSessionAsync(args.ClientId));
    }

    /// <summary>Before Kestrel listens.</summary>
    public Task StartingAsync(CancellationToken cancellationToken) => _server.StartAsync();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _sweeping = SweepAsync(_stop.Token);
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Before Kestrel waits for the ends of its connections.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (_stop.IsCancellationRequested)
        {
            // A host may be stopped twice.
            return;
        }

        await _stop.CancelAsync();
        await _server.StopAsync(new MqttServerStopOptions { DefaultClientDisconnectOptions = new MqttServerClientDisconnectOptions { ReasonCode = MqttDisconnectReasonCode.ServerShuttingDown } });
        await _sweeping;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _server.Dispose();
        _stop.Dispose();
    }

    private async Task SweepAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(SweepInterval, TimeProvider.System);
        while (await timer.WaitForNextTickAsync(stop).AsTask().ContinueWith(tick => tick.IsCompletedSuccessfully && tick.Result, TaskScheduler.Default))
        {
            await _sessions.SweepAsync();
        }
    }
}
