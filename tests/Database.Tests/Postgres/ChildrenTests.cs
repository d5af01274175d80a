using System.Diagnostics;
using System.Globalization;
using IoTPlatform.Testing;

namespace IoTPlatform.Database.Tests.Postgres;

/// <summary>What a killed host leaves behind, and what it has no right to end.</summary>
public sealed class ChildrenTests : IDisposable
{
    private static readonly TestProgram Child = new(typeof(ChildrenTests).Assembly);
    private const int Rounds = 14;
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [SkippableFact]
    public async Task HostKilled_AtAnyMomentOfTheFirstStart_TheNextStartIsReady()
    {
        Requires.Tool("initdb");
        var endings = new List<string>();
        for (var round = 0; round < Rounds; round++)
        {
            var folder = _temp.Combine("pg" + round.ToString(CultureInfo.InvariantCulture));
            await using (var host = Child.Start(folder))
            {
                await FileSystem.WaitForAsync(Path.Combine(folder, "data.new"));
                await Task.Delay(TimeSpan.FromMilliseconds(round * 60)); // where in initdb's second the kill falls
                await host.KillAsync();
            }

            await using var next = Child.Start(folder);
            var ended = next.WaitForExitAsync(TimeSpan.FromMinutes(2));
            var ready = next.WaitForLineAsync("ready ");
            if (await Task.WhenAny(ready, ended) == ready && ready.IsCompletedSuccessfully)
            {
                next.Terminate();
                await ended;
            }
            else
            {
                endings.Add($"round {round}: exit {await ended}: {next.Lines.LastOrDefault()}");
            }
        }

        endings.ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task HostKilled_DuringInitDb_EndsIt()
    {
        Requires.Tool("initdb");
        var folder = _temp.Combine("pg");
        await using var host = Child.Start(folder);
        await FileSystem.WaitForAsync(Path.Combine(folder, "data.new"));

        await host.KillAsync();

        await FileSystem.WaitUntilAsync(() => !Directory.Exists(Path.Combine(folder, "data")) && Running("initdb", folder).Count == 0);
    }

    [SkippableFact]
    public async Task Start_ShellInTheDataFolder_IsNeitherAwaitedNorEnded()
    {
        Requires.Tool("initdb");
        var folder = _temp.Combine("pg");
        await using (var first = Child.Start(folder))
        {
            await first.WaitForLineAsync("ready ");
            first.Terminate();
            await first.WaitForExitAsync();
        }

        await using var shell = ProcessUnderTest.Start("sleep", ["600"], workingDirectory: Path.Combine(folder, "data"));
        await using var next = Child.Start(folder);

        await next.WaitForLineAsync("ready ", TimeSpan.FromSeconds(20));

        shell.HasExited.ShouldBeFalse();
    }

    [SkippableFact]
    public async Task Start_ServerOfAKilledHostIsStuck_SaysWhatIsWaitedFor()
    {
        Requires.Tool("initdb");
        var folder = _temp.Combine("pg");
        await using var host = Child.Start(folder);
        await host.WaitForLineAsync("ready ");
        var server = int.Parse((await host.WaitForLineAsync("server "))[7..], CultureInfo.InvariantCulture);
        Signal(server, "STOP");
        try
        {
            await host.KillAsync();
            await using var next = Child.Start(folder);

            var said = await next.WaitForLineAsync(line => line.Contains("earlier run", StringComparison.Ordinal));

            said.ShouldContain(server.ToString(CultureInfo.InvariantCulture));
            Signal(server, "CONT");
            await next.WaitForLineAsync("ready ");
            next.Terminate();
            await next.WaitForExitAsync();
        }
        finally
        {
            Signal(server, "CONT");
        }
    }

    private static void Signal(int process, string name)
    {
        using var kill = Process.Start("kill", ["-" + name, process.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private static List<int> Running(string program, string folder) =>
        [.. Directory.EnumerateDirectories("/proc").Select(p => int.TryParse(Path.GetFileName(p), CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0 && CommandLine(id) is var line && line.Contains(program, StringComparison.Ordinal) && line.Contains(folder, StringComparison.Ordinal))];

    private static string CommandLine(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static class FileSystem
    {
        public static Task WaitForAsync(string path) => WaitUntilAsync(() => Directory.Exists(path));

        public static async Task WaitUntilAsync(Func<bool> condition)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            while (!condition())
            {
                await Task.Delay(TimeSpan.FromMilliseconds(5), limit.Token);
            }
        }
    }
}
