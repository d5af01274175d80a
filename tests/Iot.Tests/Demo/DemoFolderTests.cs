using IoTPlatform.Testing;

namespace IoTPlatform.Iot.Tests.Demo;

public sealed class DemoFolderTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public void Open_FolderWithForeignFiles_IsRefused()
    {
        Directory.CreateDirectory(_temp.Combine("photos"));
        File.WriteAllText(_temp.Combine("photos", "wedding.jpg"), "");

        Should.Throw<CliException>(() => DemoFolder.Open(_temp.Combine("photos"))).Code.ShouldBe("not_a_demo_folder");

        File.Exists(_temp.Combine("photos", "wedding.jpg")).ShouldBeTrue();
    }

    [Fact]
    public void Clear_EarlierDemo_LeavesOnlyTheMark()
    {
        using var folder = DemoFolder.Open(_temp.Combine("demo"));
        File.WriteAllText(Path.Combine(folder.Create("provider", "deep"), "file"), "");

        folder.Clear();

        Directory.EnumerateFileSystemEntries(folder.Path).Select(Path.GetFileName).ShouldBe([".iot-demo"]);
    }

    [Fact]
    public void Clear_LinkOutOfTheFolder_IsNotFollowed()
    {
        Directory.CreateDirectory(_temp.Combine("outside"));
        File.WriteAllText(_temp.Combine("outside", "precious"), "");
        using var folder = DemoFolder.Open(_temp.Combine("demo"));
        Directory.CreateSymbolicLink(folder.Combine("link"), _temp.Combine("outside"));

        folder.Clear();

        File.Exists(_temp.Combine("outside", "precious")).ShouldBeTrue();
        Directory.Exists(folder.Combine("link")).ShouldBeFalse();
    }

    [Fact]
    public void Open_ADemoIsRunningThere_IsRefused()
    {
        using var first = DemoFolder.Open(_temp.Combine("demo"));

        Should.Throw<CliException>(() => DemoFolder.Open(_temp.Combine("demo"))).Code.ShouldBe("demo_is_running");
    }

    [Fact]
    public void Open_SecondTime_Works()
    {
        DemoFolder.Open(_temp.Combine("demo")).Dispose();
        DemoFolder.Open(_temp.Combine("demo")).Dispose();
    }

    [Fact]
    public void Open_AFileInTheWay_SaysSo()
    {
        File.WriteAllText(_temp.Combine("demo"), "");

        Should.Throw<CliException>(() => DemoFolder.Open(_temp.Combine("demo"))).Message.ShouldContain("--data");
    }

    [Fact]
    public async Task StopKept_ProcessesThatAreGone_AreForgotten()
    {
        using var folder = DemoFolder.Open(_temp.Combine("demo"));
        folder.RememberKept([new ProcessMark(1, "not its start")]);

        (await folder.StopKeptAsync()).ShouldBe(0);
        (await folder.StopKeptAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task StopKept_ARunningProcess_IsEnded()
    {
        using var folder = DemoFolder.Open(_temp.Combine("demo"));
        await using var child = ChildProcess.Start(new ChildCommand { FileName = "/bin/sh", Arguments = ["-c", "while :; do sleep 0.05; done"] });
        folder.RememberKept([ProcessMark.Of(child.Id)]);

        (await folder.StopKeptAsync()).ShouldBe(1);

        await child.Exited;
    }

    [Fact]
    public async Task StopKept_SeveralProcesses_EachIsThereUntilThoseAfterItHaveEnded()
    {
        using var folder = DemoFolder.Open(_temp.Combine("demo"));
        await using var mapper = await StartAsync("mapper", "0");
        await using var broker = await StartAsync("broker", "0.5");
        folder.RememberKept([ProcessMark.Of(mapper.Id), ProcessMark.Of(broker.Id)]);

        (await folder.StopKeptAsync()).ShouldBe(2);

        (await File.ReadAllLinesAsync(_temp.Combine("ended"))).ShouldBe(["broker", "mapper"]);
    }

    /// <summary>It takes <paramref name="seconds"/> to end, and writes so.</summary>
    private async Task<ChildProcess> StartAsync(string name, string seconds)
    {
        var isUp = new TaskCompletionSource();
        var child = ChildProcess.Start(new ChildCommand
        {
            FileName = "/bin/sh",
            Arguments = ["-c", $"trap 'sleep {seconds}; echo {name} >> {_temp.Combine("ended")}; exit 0' TERM; echo up; while :; do sleep 0.05; done"],
            OnLine = _ => isUp.TrySetResult(),
        });
        await isUp.Task.WaitAsync(TimeSpan.FromSeconds(30));
        return child;
    }
}
