namespace IoTPlatform.Agent;

/// <summary>An enrolled device at work: keeps its certificate current, sends readings, carries commands out. Until it is stopped, revoked or out of date.</summary>
public sealed class RunningAgent(DeviceFolder folder, AgentOptions options, TimeProvider time, IJitter jitter, Action<AgentEvent> report)
{
    private RenewalLoop? _renewal;
    private int _isOver;

    /// <summary>Not first when it is due.</summary>
    public void RenewNow() => _renewal?.RenewNow();

    public async Task<AgentOutcome> RunAsync(CancellationToken cancellationToken)
    {
        var settings = folder.LoadSettings() ?? throw new DeviceAgent(folder, time).NotEnrolled();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var spool = Spool.Open(folder.SpoolPath, options.SpoolBytes);
        Task[] work = [.. Start(settings, spool, stop.Token), new Readings(spool, options, folder.Path, time, Report).RunAsync(stop.Token)];
        var first = await Task.WhenAny(work);
        // What ends because of the first has nothing to say.
        Interlocked.Exchange(ref _isOver, cancellationToken.IsCancellationRequested ? 0 : 1);
        await stop.CancelAsync();
        await Task.WhenAll(work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (cancellationToken.IsCancellationRequested)
        {
            return AgentOutcome.Stopped;
        }

        await first;
        return await (Task<AgentOutcome>)first;
    }

    private IEnumerable<Task> Start(DeviceSettings settings, Spool spool, CancellationToken stop)
    {
        var sender = new TelemetrySender(spool, reason => Report(AgentEventKind.Refused, $"the tenant does not take a reading: {reason}"));
        if ((options.Transport ?? settings.Transport) == AgentTransport.Https)
        {
            var agent = new DeviceAgent(folder, time);
            yield return Renewal(agent).RunAsync(stop);
            yield return new HttpsWork(agent, settings.DeviceId, sender, new Backoff(jitter), time, Report).RunAsync(stop);
            yield break;
        }

        var live = new LiveEnrollment(time);
        var device = new DeviceAgent(folder, time, live);
        var inbox = CommandInbox.Open(folder.CommandsPath);
        var commands = new CommandWork(inbox, new CommandRunner(options.CommandExecutable, options.CommandTimeout, time), time, Report);
        var renewal = Renewal(device);
        yield return renewal.RunAsync(stop);
        yield return new MqttWork(device, live, sender, commands, renewal.LookAgain, new Backoff(jitter, TimeSpan.FromSeconds(1)), time, Report).RunAsync(stop);
        yield return commands.RunAsync(stop);
    }

    private RenewalLoop Renewal(DeviceAgent agent) => _renewal = new(folder, agent, time, jitter, Report) { RotateKey = options.RotateKey };

    private void Report(AgentEventKind kind, string message) => Report(new AgentEvent(kind, time.GetUtcNow(), message));

    private void Report(AgentEvent happened)
    {
        if (Volatile.Read(ref _isOver) == 0)
        {
            report(happened);
        }
    }
}
