namespace IoTPlatform.Iot;

/// <summary>Runs <c>dotnet test</c> for one project and reads its trx report.</summary>
internal sealed class TestRunner(string? filter, TimeSpan limit, TimeProvider time)
{
    private const int LastLines = 25;

    private static string Configuration => new DirectoryInfo(AppContext.BaseDirectory).Parent?.Name is "Debug" ? "Debug" : "Release";

    public async Task<TestProjectResult> RunAsync(TestProject project, CancellationToken cancellationToken)
    {
        var results = Directory.CreateTempSubdirectory("iot-test-").FullName;
        var started = time.GetTimestamp();
        try
        {
            var log = Path.Combine(results, "output.log");
            var (exitCode, timedOut) = await ExecuteAsync(project, results, log, cancellationToken);
            var took = Math.Round(time.GetElapsedTime(started).TotalMilliseconds);
            var result = TrxReport.Read(project.Name, Path.Combine(results, "result.trx"), took);
            var crash = timedOut ? $"ended after {limit}" : CrashOf(exitCode, result, log);
            return (result ?? new TestProjectResult { Project = project.Name, DurationMs = took }) with { Crash = crash };
        }
        finally
        {
            Directory.Delete(results, recursive: true);
        }
    }

    private async Task<(int ExitCode, bool TimedOut)> ExecuteAsync(TestProject project, string results, string log, CancellationToken cancellationToken)
    {
        string[] arguments = ["test", project.Path, "--no-build", "-c", Configuration, "--nologo", "--logger", "trx;LogFileName=result.trx", "--results-directory", results];
        await using var dotnet = ChildProcess.Start(new ChildCommand
        {
            FileName = ProgramPath.Dotnet(),
            Arguments = filter is null ? arguments : [.. arguments, "--filter", filter],
            LogFile = log,
            Environment = new Dictionary<string, string?>
            {
                ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
                ["DOTNET_NOLOGO"] = "1",
                // Hosts under test run for seconds. Tiered recompilation at once is a third of their CPU: delay it until no method was compiled for 2 s.
                ["DOTNET_TC_CallCountingDelayMs"] = "7D0",
                ["DOTNET_TieredPGO"] = "0",
                // Mapping each compiled page twice is a twentieth of a start's CPU.
                ["DOTNET_EnableWriteXorExecute"] = "0",
            },
        });
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var first = await Task.WhenAny(dotnet.Exited, Task.Delay(limit, time, waiting.Token));
        cancellationToken.ThrowIfCancellationRequested();
        await waiting.CancelAsync();
        return first == dotnet.Exited ? (await dotnet.Exited, false) : (-1, true);
    }

    // A filter that matches nothing in this project leaves no report and exit code 0.
    private static string? CrashOf(int exitCode, TestProjectResult? result, string log) => (exitCode, result) switch
    {
        (_, { Crash: { } aborted }) => $"{aborted}\n{Tail(log)}",
        (0, _) => null,
        (_, { Failed: > 0 }) => null,
        _ => $"dotnet test ended with exit code {exitCode}\n{Tail(log)}",
    };

    private static string Tail(string log) => File.Exists(log) ? string.Join('\n', File.ReadLines(log).TakeLast(LastLines)) : "";
}

internal sealed record TestProject(string Name, string Path)
{
    /// <summary>They take longest, so they begin first and nothing waits for one of them alone.</summary>
    private static readonly string[] Longest = ["EndToEnd.Tests", "Integration.Tests"];

    /// <summary>Every <c>tests/*/*.Tests.csproj</c>, in the order to begin them in: by name, but for the longest.</summary>
    public static IReadOnlyList<TestProject> FindAll(string root, string? contains) =>
    [
        .. Directory.EnumerateFiles(System.IO.Path.Combine(root, "tests"), "*.Tests.csproj", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 })
            .Select(path => new TestProject(System.IO.Path.GetFileNameWithoutExtension(path), path))
            .Where(project => contains is null || project.Name.Contains(contains, StringComparison.OrdinalIgnoreCase))
            .OrderByDescending(project => Longest.Contains(project.Name)).ThenBy(project => project.Name, StringComparer.Ordinal),
    ];
}

/// <summary>The outcome of one test project; <see cref="Crash"/> is set when its figures cannot be trusted.</summary>
internal sealed record TestProjectResult
{
    public required string Project { get; init; }
    public int Passed { get; init; }
    public int Failed { get; init; }
    public int Skipped { get; init; }
    public required double DurationMs { get; init; }
    public string? Crash { get; init; }
    public IReadOnlyList<FailedTest> Failures { get; init; } = [];

    /// <summary>Reason and how many tests it kept from running.</summary>
    public IReadOnlyDictionary<string, int> SkipReasons { get; init; } = new Dictionary<string, int>();
}

internal sealed record FailedTest(string Name, string Message, string? StackTrace);

internal sealed record TestTotal(int Passed, int Failed, int Skipped, int Crashed)
{
    /// <summary>Something ran, and nothing failed or crashed.</summary>
    public bool IsGood => Failed == 0 && Crashed == 0 && Passed > 0;

    public static TestTotal Of(IReadOnlyCollection<TestProjectResult> results) => new(
        results.Sum(result => result.Passed), results.Sum(result => result.Failed), results.Sum(result => result.Skipped), results.Count(result => result.Crash is not null));
}
