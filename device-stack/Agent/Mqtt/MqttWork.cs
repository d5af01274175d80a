using System.Globalization;
using IoTPlatform.Client;

namespace IoTPlatform.Agent;

/// <summary>Keeps a connection to the tenant, over which readings, answers and renewals go and commands come. After its loss it waits and connects again.</summary>
internal sealed class MqttWork(DeviceAgent agent, LiveEnrollment live, TelemetrySender sender, CommandWork commands, Action lookAgain, Backoff backoff, TimeProvider time, Action<AgentEventKind, string> report)
{
    /// <summary>A connection that lasts so long was none of a row of failures.</summary>
    private static readonly TimeSpan Lasting = TimeSpan.FromSeconds(10);

    public async Task<AgentOutcome> RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await ConnectAsync(cancellationToken);
            }
            catch (ApiException e) when (RevocationCodes.Contains(e.Code))
            {
                report(AgentEventKind.Revoked, $"the tenant revoked this device: {e.Message}; the agent stops");
                return AgentOutcome.Revoked;
            }
            catch (Exception e) when (e is ApiException or UnreachableException or AgentException or IOException or UnauthorizedAccessException)
            {
                var wait = backoff.Next();
                report(AgentEventKind.Disconnected, string.Create(CultureInfo.InvariantCulture, $"{e.Message}; connecting again in {wait.TotalSeconds:0.0} s"));
                await Task.Delay(wait, time, cancellationToken);
            }
        }
    }

    private async Task ConnectAsync(CancellationToken cancellationToken)
    {
        var target = agent.Target();
        using var identity = target.Identity;
        await using var link = await MqttLink.ConnectAsync(target, cancellationToken);
        link.Received = commands.Accept;
        await link.SubscribeAsync($"devices/{target.DeviceId}/commands/+", cancellationToken);
        live.Use(link);
        var since = time.GetTimestamp();
        report(AgentEventKind.Connected, $"connected to {target.Url.Authority} over MQTT with certificate {identity!.Certificate.SerialNumber}");
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] work =
        [
            link.Ended,
            sender.RunAsync((reading, token) => link.PublishAsync($"devices/{target.DeviceId}/telemetry", reading, token), end.Token),
            commands.AnswerAsync((id, answer, token) => link.PublishAsync(string.Create(CultureInfo.InvariantCulture, $"devices/{target.DeviceId}/commands/{id}/response"), answer, token), end.Token),
        ];
        try
        {
            var first = await Task.WhenAny(work);
            await end.CancelAsync();
            await Task.WhenAll(work[1..]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (!link.Ended.IsCompleted)
            {
                await first;
            }

            throw new UnreachableException(target.Url, UnreachableReason.Connection, $"the connection to {target.Url.Authority} ended: {await link.Ended}");
        }
        finally
        {
            live.Use(null);
            if (link.IsAskedToLookAgain)
            {
                lookAgain();
            }

            if (time.GetElapsedTime(since) > Lasting)
            {
                backoff.Reset();
            }
        }
    }
}
