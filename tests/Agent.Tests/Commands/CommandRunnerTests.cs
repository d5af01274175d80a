using IoTPlatform.Testing;

namespace IoTPlatform.Agent.Tests.Commands;

/// <summary>What an executable makes of a command.</summary>
public sealed class CommandRunnerTests : IDisposable
{
    private readonly TempFolder _temp = new();

    [Fact]
    public async Task Run_HasThePayloadOnItsInput_AndTheNameInItsEnvironment()
    {
        var answer = await RunAsync("""cat; echo " $IOT_COMMAND $IOT_COMMAND_ID $#" """, """{"a":"$(reboot)"}""");
        (answer.ExitCode, answer.Output, answer.Truncated, answer.Error).ShouldBe((0, "{\"a\":\"$(reboot)\"} set;x 7 0\n", null, null));
    }

    [Fact]
    public async Task Run_Fails_SaysHow()
    {
        var answer = await RunAsync("echo no >&2; exit 3");
        (answer.ExitCode, answer.Error).ShouldBe((3, "no\n"));
    }

    [Fact]
    public async Task Run_DoesNotReadItsInput_IsNoFault() => (await RunAsync("exit 0", $"\"{new string('x', 1024 * 1024)}\"")).ExitCode.ShouldBe(0);

    [Fact]
    public async Task Run_MuchOutput_IsBounded()
    {
        var answer = await RunAsync("head -c 200000 /dev/zero | tr '\\0' 'x'");
        (answer.ExitCode, answer.Output!.Length, answer.Truncated).ShouldBe((0, CommandRunner.MaxOutput, true));
    }

    [Fact]
    public async Task Run_OutputThatIsNoText_IsMadeText() => (await RunAsync("printf 'a\\000b\\377'")).Output.ShouldBe("a\uFFFDb\uFFFD");

    [Fact]
    public async Task Run_TooLong_IsKilledWithItsChildren()
    {
        var pid = _temp.Combine("pid");
        var answer = await RunAsync($"sleep 300 & echo $! > {pid}; wait", timeout: TimeSpan.FromMilliseconds(500));
        answer.Error.ShouldNotBeNull().ShouldContain("killed");
        var started = TimeProvider.System.GetTimestamp();
        while (Directory.Exists($"/proc/{File.ReadAllText(pid).Trim()}"))
        {
            TimeProvider.System.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(20));
            await Task.Delay(20);
        }
    }

    [Fact]
    public async Task Run_NoSuchExecutable_SaysSo() =>
        (await new CommandRunner(_temp.Combine("none"), TimeSpan.FromSeconds(5), TimeProvider.System).RunAsync(Command(null), default)).Error.ShouldNotBeNull().ShouldContain("can't be run");

    [Fact]
    public async Task Inbox_ComesAgain_IsCarriedOutOnce_AlsoAfterAKill()
    {
        var folder = _temp.Combine("commands");
        var body = """{"id":7,"method":"a","expires_at":"2030-01-01T00:00:00Z"}"""u8.ToArray();
        var inbox = CommandInbox.Open(folder);
        inbox.TryAdd(7, body).ShouldBeTrue();
        inbox.TryAdd(7, body).ShouldBeTrue();
        (await CommandInbox.Open(folder).NextAsync(default)).Command!.Method.ShouldBe("a");
        inbox.Finish(7, "{}"u8);
        inbox.TryAdd(7, body).ShouldBeTrue();
        Directory.GetFiles(folder).Select(Path.GetFileName).ShouldBe(["7.answer"]);
        using var stop = new CancellationTokenSource();
        var sent = new List<long>();
        await Should.ThrowAsync<OperationCanceledException>(() => CommandInbox.Open(folder).SendAsync(
            (id, _, _) =>
            {
                sent.Add(id);
                stop.Cancel();
                return Task.CompletedTask;
            },
            stop.Token));
        sent.ShouldBe([7]);
        inbox.TryAdd(7, body).ShouldBeTrue();
        Directory.GetFiles(folder).Select(Path.GetFileName).ShouldBe(["7.done"]);
    }

    [Fact]
    public void Inbox_TooManyWait_TakesNoMore()
    {
        var inbox = CommandInbox.Open(_temp.Combine("full"));
        Enumerable.Range(0, 100).ShouldAllBe(id => inbox.TryAdd(id, new byte[] { 1 }));
        inbox.TryAdd(100, [1]).ShouldBeFalse();
    }

    public void Dispose() => _temp.Dispose();

    private async Task<CommandAnswer> RunAsync(string script, string? payload = null, TimeSpan? timeout = null)
    {
        var path = _temp.Combine("handler");
        await File.WriteAllTextAsync(path, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return await new CommandRunner(path, timeout ?? TimeSpan.FromSeconds(20), TimeProvider.System).RunAsync(Command(payload), default);
    }

    private static AgentCommand Command(string? payload) => new(7, "set;x", payload, DateTimeOffset.MaxValue);
}
