using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using IoTPlatform.Agent;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Pki;

namespace IoTPlatform.Iot;

/// <summary>A device whose agent speaks MQTT only, from its enrolment to its revocation.</summary>
internal sealed class DemoAgent(DemoDevices devices, DemoTenant tenant, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly Channel<AgentEvent> _events = Channel.CreateUnbounded<AgentEvent>();
    private readonly CancellationTokenSource _stop = new();
    private readonly Pipe _sensor = new();
    private DeviceFolder? _folder;
    private RunningAgent? _agent;
    private Task<AgentOutcome>? _outcome;

    private string Id => $"{tenant.Id}-agent-1";

    /// <summary>A token, a certificate for it, a connection with that.</summary>
    public async Task<(bool, string)> EnrollAsync(CancellationToken cancellationToken)
    {
        var executable = ProgramPath.Find("cat") ?? throw CliException.Failed("demo_failed", "there is no program cat");
        _folder = await devices.EnrollOverMqttAsync(tenant, Id, cancellationToken);
        var options = new AgentOptions { Lines = new StreamReader(_sensor.Reader.AsStream()), CommandExecutable = executable };
        _agent = new RunningAgent(_folder, options, time, RandomJitter.Instance, happened => _events.Writer.TryWrite(happened));
        _outcome = _agent.RunAsync(_stop.Token);
        await NextAsync(AgentEventKind.Connected, cancellationToken);
        return (true, $"{Id}, with its id and a token; connected with its certificate");
    }

    /// <summary>From the agent's input to the provider's tables.</summary>
    public async Task<(bool, string)> SendReadingsAsync(ProviderClient admin, CancellationToken cancellationToken)
    {
        const int Readings = 5;
        var sent = time.GetTimestamp();
        for (var i = 0; i < Readings; i++)
        {
            await _sensor.Writer.WriteAsync(Encoding.UTF8.GetBytes($"{{\"bar\":{i}}}\n"), cancellationToken);
        }

        await UntilAsync($"the provider has not stored the readings of {Id}", async () => (await admin.ListTelemetryAsync(tenant.Id, Id, cancellationToken: cancellationToken)).Items.Count == Readings, cancellationToken);
        return (true, string.Create(CultureInfo.InvariantCulture, $"{Readings} readings, there after {time.GetElapsedTime(sent).TotalMilliseconds:0} ms"));
    }

    public async Task<(bool, string)> ObeyAsync(CancellationToken cancellationToken)
    {
        var command = await tenant.Admin.SendCommandAsync(Id, new SendCommandRequest { Name = "set-speed", Payload = JsonElement.Parse("""{"rpm":900}"""), TtlSeconds = 60 }, cancellationToken);
        command = await CommandWait.ForEndAsync(command, c => c.EndedAt is not null, c => tenant.Admin.GetCommandAsync(Id, c.Id, cancellationToken), time, cancellationToken);
        Expect.That(command is { State: CommandState.Answered, Answer: not null }, $"{Id} did not answer a command: {command.State} {command.Reason}");
        return (true, string.Create(CultureInfo.InvariantCulture, $"set-speed: {command.Answer}, after {(command.EndedAt!.Value - command.CreatedAt).TotalMilliseconds:0} ms"));
    }

    public async Task<(bool, string)> ObeyProviderAsync(ProviderClient admin, CancellationToken cancellationToken)
    {
        var sent = time.GetTimestamp();
        var command = await admin.SendCommandAsync(tenant.Id, Id, new SendCommandRequest { Name = "identify", Payload = JsonElement.Parse("""{"blink":3}"""), TtlSeconds = 60 }, cancellationToken);
        command = await CommandWait.ForEndAsync(command, c => c.EndedAt is not null, c => admin.GetCommandAsync(tenant.Id, Id, c.Id, cancellationToken), time, cancellationToken);
        Expect.That(command is { State: CommandState.Answered, Answer: not null }, $"{Id} did not answer a command of the provider: {command.State} {command.Reason}");
        return (true, string.Create(CultureInfo.InvariantCulture, $"identify: {command.Answer}, after {time.GetElapsedTime(sent).TotalMilliseconds:0} ms"));
    }

    public async Task<(bool, string)> RenewAsync(CancellationToken cancellationToken)
    {
        var before = await SerialAsync(cancellationToken);
        _agent!.RenewNow();
        await NextAsync(AgentEventKind.Renewed, cancellationToken);
        var after = await SerialAsync(cancellationToken);
        Expect.That(before != after, $"{Id} got its old certificate back");
        return (true, $"{Id}: {SerialNumber.Short(before)} is now {SerialNumber.Short(after)}");
    }

    public async Task<(bool, string)> RevokeAsync(CancellationToken cancellationToken)
    {
        await tenant.Admin.RevokeDeviceAsync(Id, new RevokeRequest { Reason = "demo: stolen" }, cancellationToken);
        var revoked = time.GetTimestamp();
        await NextAsync(AgentEventKind.Disconnected, cancellationToken);
        var thrownOff = time.GetElapsedTime(revoked);
        Expect.That(await _outcome!.WaitAsync(Patience, cancellationToken) == AgentOutcome.Revoked, $"{Id} was revoked, and its agent goes on");
        return (true, string.Create(CultureInfo.InvariantCulture, $"{Id}: off after {thrownOff.TotalMilliseconds:0} ms, refused when it came back"));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_outcome is not null)
        {
            await ((Task)_outcome).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await _sensor.Writer.CompleteAsync();
        _folder?.Dispose();
        _stop.Dispose();
    }

    private async Task<string> SerialAsync(CancellationToken cancellationToken) => (await tenant.Admin.GetDeviceAsync(Id, cancellationToken)).Certificates[0].Serial;

    private async Task NextAsync(AgentEventKind kind, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        AgentEvent? last = null;
        try
        {
            while (last?.Kind != kind)
            {
                last = await _events.Reader.ReadAsync(limit.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw CliException.Failed("demo_failed", $"{Id} was to be {kind} within {Patience.TotalSeconds:0} s; the last it said: {last?.Message}");
        }
    }

    private async Task UntilAsync(string otherwise, Func<Task<bool>> holds, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (!await holds())
        {
            Expect.That(time.GetElapsedTime(started) < Patience, otherwise);
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellationToken);
        }
    }
}
