using IoTPlatform.Hosting;
using MQTTnet;
using Polly;

namespace IoTPlatform.Tenant.Features.Uplink;

/// <summary>Keeps this tenant's bridge connected to the provider's broker, and sends what was stored.</summary>
internal sealed partial class UplinkService(UplinkConnector connector, UplinkCursor cursor, UplinkOptions options, UplinkCommands commands, UplinkState state, UplinkMetrics metrics, TimeProvider time, ILogger<UplinkService> log)
    : BackgroundService
{
    /// <summary>For new messages, while there are none.</summary>
    private static readonly TimeSpan IdleInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>For another certificate or address, and where there is no broker.</summary>
    private static readonly TimeSpan TargetInterval = TimeSpan.FromSeconds(5);

    /// <summary>While the budget of the plan is used up.</summary>
    private static readonly TimeSpan BudgetInterval = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan AfterLoss = TimeSpan.FromSeconds(1);

    private string? _failure;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var retry = Backoff.Endless(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30));
        retry.ShouldHandle = args => ValueTask.FromResult(args.Outcome.Exception is not null && !stoppingToken.IsCancellationRequested);
        retry.OnRetry = args =>
        {
            Lost(args.Outcome.Exception!);
            return default;
        };
        var backoff = new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(retry).Build();
        while (!stoppingToken.IsCancellationRequested)
        {
            var (target, connection) = await backoff.ExecuteAsync(ConnectAsync, stoppingToken);
            using (connection)
            {
                await TrySendAsync(target, connection, stoppingToken);
            }

            await Task.Delay(AfterLoss, time, stoppingToken);
        }
    }

    private async ValueTask<(UplinkTarget Target, UplinkConnection Connection)> ConnectAsync(CancellationToken stop)
    {
        // Read at every attempt: it may have changed.
        while (true)
        {
            if (connector.Target() is { } target)
            {
                return (target, await connector.ConnectAsync(target, stop));
            }

            state.IsNone();
            await Task.Delay(TargetInterval, time, stop);
        }
    }

    private async Task TrySendAsync(UplinkTarget target, UplinkConnection connection, CancellationToken stop)
    {
        try
        {
            using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
            Task[] both = [SendAsync(target, connection, end.Token), commands.RunAsync(connection, end.Token)];
            var first = await Task.WhenAny(both);
            await end.CancelAsync();
            await Task.WhenAll(both).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await first;
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            Lost(e);
        }
    }

    /// <summary>Until another certificate or address counts.</summary>
    private async Task SendAsync(UplinkTarget target, UplinkConnection connection, CancellationToken stop)
    {
        var sender = NewSender(connection);
        state.IsConnected();
        _failure = null;
        Connected(target.Url);
        for (var looked = time.GetTimestamp(); connection.Client.IsConnected;)
        {
            try
            {
                if (!await sender.SendAsync(stop))
                {
                    await Task.Delay(IdleInterval, time, stop);
                }

                if (state.State != UplinkState.Connected)
                {
                    state.IsConnected();
                    _failure = null;
                }
            }
            catch (UplinkBudgetException e)
            {
                // The connection is as good as before; what was under way behind the message is sent again.
                Lost(e);
                await Task.Delay(BudgetInterval, time, stop);
                sender = NewSender(connection);
            }

            if (time.GetElapsedTime(looked) < TargetInterval)
            {
                continue;
            }

            looked = time.GetTimestamp();
            if (connector.Target() != target)
            {
                await connection.EndAsync(stop);
                return;
            }
        }

        throw new IOException("The connection ended.");
    }

    private UplinkSender NewSender(UplinkConnection connection) => new(connection, cursor, options, metrics, log);

    private void Lost(Exception e)
    {
        var reason = e.GetBaseException().Message;
        state.IsAway(reason, isOverBudget: e is UplinkBudgetException);
        // Consecutive failures of one kind are one line.
        if (_failure != reason)
        {
            Away(reason);
        }

        _failure = reason;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Telemetry goes up to {Url}")]
    private partial void Connected(Uri url);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Telemetry can't go up at the moment, and waits here: {Reason}")]
    private partial void Away(string reason);
}
