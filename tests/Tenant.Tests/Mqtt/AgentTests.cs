using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using IoTPlatform.Agent;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.Mqtt;

/// <summary>The device stack's own agent at a tenant.</summary>
public sealed class AgentTests(SharedTenant shared) : IClassFixture<SharedTenant>, IDisposable
{
    private readonly TempFolder _temp = new();

    [SkippableFact]
    public async Task Agent_OverMqtt_EnrolsSendsObeysRenewsAndIsThrownOff()
    {
        using var folder = await EnrolledAsync("whole", AgentTransport.Mqtt);
        await using var agent = new Running(folder, new AgentOptions { CommandExecutable = "/bin/cat" });
        await agent.NextAsync(AgentEventKind.Connected);
        agent.Say("""{"v":1}""");
        agent.Say("no reading");
        agent.Say("""{"v":2}""");
        await UntilAsync(async () => (await shared.Admin.ListTelemetryAsync("whole")).Items.Count == 2);

        var command = await shared.Admin.SendCommandAsync("whole", new SendCommandRequest { Name = "echo", Payload = JsonElement.Parse("""{"a":1}""") });
        await UntilAsync(async () => (command = await shared.Admin.GetCommandAsync("whole", command.Id)).State == CommandState.Answered);
        command.Answer!.Value.GetRawText().ShouldBe("""{"exit_code":0,"output":"{\u0022a\u0022:1}"}""");

        agent.RenewNow();
        await agent.NextAsync(AgentEventKind.Renewed);
        (await shared.Admin.GetDeviceAsync("whole")).Certificates.Count.ShouldBe(2);

        await shared.Admin.RevokeDeviceAsync("whole", new RevokeRequest());
        (await agent.NextAsync(AgentEventKind.Disconnected)).Message.ShouldContain("revoked");
        (await agent.Outcome).ShouldBe(AgentOutcome.Revoked);
    }

    [SkippableFact]
    public async Task Agent_OverHttps_SendsWhatItReads()
    {
        using var folder = await EnrolledAsync("plain", AgentTransport.Https);
        await using var agent = new Running(folder, new AgentOptions { SystemReadings = TimeSpan.FromHours(1) });
        await UntilAsync(async () => (await shared.Admin.ListTelemetryAsync("plain")).Items is [var only] && only.Payload.TryGetProperty("uptime", out _));
    }

    [SkippableFact]
    public async Task Agent_WithoutAnExecutable_RefusesCommands()
    {
        using var folder = await EnrolledAsync("idle", AgentTransport.Mqtt);
        await using var agent = new Running(folder, new AgentOptions());
        var command = await shared.Admin.SendCommandAsync("idle", new SendCommandRequest { Name = "echo" });
        await UntilAsync(async () => (await shared.Admin.GetCommandAsync("idle", command.Id)).State == CommandState.Refused);
    }

    /// <summary>What it reads meanwhile waits on disk, and what it is told waits in the tenant's database.</summary>
    [SkippableFact]
    public async Task Agent_TenantIsAway_LosesNoReadingAndNoCommand()
    {
        using var folder = await EnrolledAsync("patient", AgentTransport.Mqtt);
        await using (var first = new Running(folder, new AgentOptions { CommandExecutable = "/bin/cat" }))
        {
            await first.NextAsync(AgentEventKind.Connected);
            first.Say("""{"n":0}""");
            await UntilAsync(async () => (await shared.Admin.ListTelemetryAsync("patient")).Items.Count == 1);
        }

        var command = await shared.Admin.SendCommandAsync("patient", new SendCommandRequest { Name = "later" });
        await shared.Tenant.StopAsync();
        await using (var second = new Running(folder, new AgentOptions { CommandExecutable = "/bin/cat" }))
        {
            for (var n = 1; n < 50; n++)
            {
                second.Say($$"""{"n":{{n}}}""");
            }

            await second.NextAsync(AgentEventKind.Disconnected);
            await UntilAsync(() => Task.FromResult(Directory.GetFiles(Path.Combine(folder.Path, "spool"), "*.jsonl").Sum(file => File.ReadLines(file).Count()) == 50));
        }

        await using var third = new Running(folder, new AgentOptions { CommandExecutable = "/bin/cat" });
        await shared.Tenant.BootAsync();
        await third.NextAsync(AgentEventKind.Connected);
        await UntilAsync(async () => (await shared.Admin.ListTelemetryAsync("patient", limit: 100)).Items.Count >= 50);
        (await shared.Admin.ListTelemetryAsync("patient", limit: 100)).Items.Select(r => r.Payload.GetProperty("n").GetInt32()).Order().ShouldBe(Enumerable.Range(0, 50));
        await UntilAsync(async () => (await shared.Admin.GetCommandAsync("patient", command.Id)).State == CommandState.Answered);
    }

    public void Dispose() => _temp.Dispose();

    private async Task<DeviceFolder> EnrolledAsync(string id, AgentTransport transport)
    {
        var folder = DeviceFolder.Open(_temp.Combine(id));
        using var identity = await new DeviceAgent(folder, transport: transport).EnrollAsync(new Agent.Enrollment
        {
            Settings = new DeviceSettings { TenantUrl = shared.Tenant.Url, DeviceId = id, TrustDomain = $"acme.{TestProvider.PlatformDomain}", Transport = transport },
            Root = RootTrust.FromCertificate(shared.Tenant.Provider.Authority.Root),
            Token = await shared.TokenAsync(id),
        });
        return folder;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(20));
            await Task.Delay(50);
        }
    }

    private sealed class Running : IAsyncDisposable
    {
        private readonly Channel<AgentEvent> _events = Channel.CreateUnbounded<AgentEvent>();
        private readonly CancellationTokenSource _stop = new();
        private readonly System.IO.Pipelines.Pipe _lines = new();
        private readonly RunningAgent _agent;

        public Running(DeviceFolder folder, AgentOptions options)
        {
            _agent = new RunningAgent(folder, options with { Lines = new StreamReader(_lines.Reader.AsStream()) }, TimeProvider.System, RandomJitter.Instance, e => _events.Writer.TryWrite(e));
            Outcome = _agent.RunAsync(_stop.Token);
        }

        public Task<AgentOutcome> Outcome { get; }

        public void RenewNow() => _agent.RenewNow();

        public void Say(string line) => _lines.Writer.WriteAsync(System.Text.Encoding.UTF8.GetBytes(line + "\n")).AsTask().GetAwaiter().GetResult();

        public async Task<AgentEvent> NextAsync(AgentEventKind kind)
        {
            while (true)
            {
                var next = await _events.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30));
                if (next.Kind == kind)
                {
                    return next;
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await ((Task)Outcome).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _lines.Writer.CompleteAsync();
            _stop.Dispose();
        }
    }
}
