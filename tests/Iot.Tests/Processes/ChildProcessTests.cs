using System.Globalization;
using IoTPlatform.Testing;

namespace IoTPlatform.Iot.Tests.Processes;

public sealed class ChildProcessTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task Start_Log_HoldsOutputAndError()
    {
        await using var child = Shell("echo out; echo err >&2; exit 7");

        (await child.Exited).ShouldBe(7);
        (await File.ReadAllLinesAsync(_temp.Combine("log"))).ShouldBe(["out", "err"], ignoreOrder: true);
    }

    [Fact]
    public async Task Stop_Asked_EndsWithItsOwnExitCode()
    {
        await using var child = Shell("trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done");
        await FirstLineAsync(child);

        (await child.StopAsync(TimeSpan.FromSeconds(30))).ShouldBe(3);
    }

    [Fact]
    public async Task Stop_Deaf_IsKilledWithEverythingItStarted()
    {
        Requires.Tool("setsid");
        await using var child = Shell("trap '' TERM; sh -c \"trap '' TERM; echo grandchild \\$\\$; while :; do sleep 0.05; done\" & while :; do sleep 0.05; done");
        var grandchild = int.Parse((await FirstLineAsync(child)).Split(' ')[1], CultureInfo.InvariantCulture);

        await child.StopAsync(TimeSpan.FromMilliseconds(100));

        await GoneAsync(grandchild);
    }

    [Fact]
    public async Task Environment_SetAndRemoved_ReachTheChild()
    {
        Environment.SetEnvironmentVariable("IOT_CHILD_TEST", "inherited");
        try
        {
            await using var child = ChildProcess.Start(new ChildCommand
            {
                FileName = "/bin/sh",
                Arguments = ["-c", "echo \"$IOT_CHILD_TEST-$OTHER\""],
                Environment = new Dictionary<string, string?> { ["IOT_CHILD_TEST"] = null, ["OTHER"] = "a b\"c" },
                LogFile = _temp.Combine("log"),
            });

            await child.Exited;

            (await File.ReadAllTextAsync(_temp.Combine("log"))).ShouldBe("-a b\"c\n");
        }
        finally
        {
            Environment.SetEnvironmentVariable("IOT_CHILD_TEST", null);
        }
    }

    [Fact]
    public async Task OnLine_HearsEveryLineOfStdout()
    {
        var lines = new List<string>();
        var all = new TaskCompletionSource();
        await using var child = ChildProcess.Start(new ChildCommand
        {
            FileName = "/bin/sh",
            Arguments = ["-c", "echo one; echo two"],
            OnLine = line =>
            {
                lines.Add(line);
                if (lines.Count == 2)
                {
                    all.SetResult();
                }
            },
        });

        await all.Task.WaitAsync(TimeSpan.FromSeconds(30));

        lines.ShouldBe(["one", "two"]);
    }

    [Fact]
    public async Task ProcessMark_ReusedId_IsNotTouched()
    {
        await using var child = Shell("echo up; while :; do sleep 0.05; done");
        await FirstLineAsync(child);
        var mark = ProcessMark.Of(child.Id);

        (await (mark with { Started = "1" }).StopAsync(TimeSpan.FromSeconds(1))).ShouldBeFalse();
        child.Exited.IsCompleted.ShouldBeFalse();
        (await mark.StopAsync(TimeSpan.FromSeconds(30))).ShouldBeTrue();
        await child.Exited;
    }

    private ChildProcess Shell(string script) =>
        ChildProcess.Start(new ChildCommand { FileName = "/bin/sh", Arguments = ["-c", script], LogFile = _temp.Combine("log") });

    private async Task<string> FirstLineAsync(ChildProcess child)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await foreach (var line in LogFollower.FollowAsync(_temp.Combine("log"), child.Exited, TimeProvider.System, limit.Token))
        {
            return line;
        }

        throw new InvalidOperationException("the child said nothing");
    }

    private static async Task GoneAsync(int process)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (ProcessMark.Of(process).Started.Length > 0)
        {
            await Task.Delay(20, limit.Token);
        }
    }
}
