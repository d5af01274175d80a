using System.CommandLine;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class TestCommand
{
    private static readonly Option<string?> Filter = new("--filter") { Description = "Passed to 'dotnet test --filter'.", HelpName = "expression" };
    private static readonly Option<string?> Project = new("--project") { Description = "Only projects whose name contains this.", HelpName = "text" };
    private static readonly Option<TimeSpan> Limit = new("--timeout") { Description = "A project that takes longer is ended and counts as crashed.", DefaultValueFactory = _ => TimeSpan.FromMinutes(75), CustomParser = Duration.Parse, HelpName = "time" };

    private static readonly Option<int> Jobs = new("--jobs") { Description = "Projects at once. More than there are processors only make each other wait.", DefaultValueFactory = _ => Math.Max(2, Environment.ProcessorCount), HelpName = "count" };

    public static Command Create() => Verb.Create(
        "test", "Run every test of the repository; the last line is 'N passed, N failed, N skipped'. Fails when a test fails, a project crashes, or nothing ran.",
        ["iot test", "iot test --project Pki", "iot test --filter FullyQualifiedName~Hostile"], RunAsync, Filter, Project, Limit, Jobs);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var root = BuildOutput.RequireRepository();
        var projects = TestProject.FindAll(root, run.Get(Project));
        if (projects.Count == 0)
        {
            throw CliException.Failed("no_tests", $"no test project in {Path.Combine(root, "tests")} matches");
        }

        var runner = new TestRunner(run.Get(Filter), run.Get(Limit), run.Time);
        var results = await SpinAsync(run.Terminal.Console, $"{projects.Count} projects", () => RunAllAsync(runner, projects, Math.Max(1, run.Get(Jobs)), run.Terminal.Console, cancellationToken));
        var total = TestTotal.Of(results);
        run.Terminal.Result(
            new { total.Passed, total.Failed, total.Skipped, total.Crashed, Projects = results },
            console => TestOutput.Print(console, total, results));
        return total.IsGood ? ExitCode.Ok : ExitCode.Failed;
    }

    /// <summary>Each is printed when it is done; the results come in the projects' order.</summary>
    private static async Task<TestProjectResult[]> RunAllAsync(TestRunner runner, IReadOnlyList<TestProject> projects, int jobs, IAnsiConsole console, CancellationToken cancellationToken)
    {
        using var free = new SemaphoreSlim(jobs);
        using var printing = new SemaphoreSlim(1);
        return await Task.WhenAll(projects.Select(async project =>
        {
            await free.WaitAsync(cancellationToken);
            try
            {
                var result = await runner.RunAsync(project, cancellationToken);
                await printing.WaitAsync(CancellationToken.None);
                TestOutput.Print(console, result);
                printing.Release();
                return result;
            }
            finally
            {
                free.Release();
            }
        }));
    }

    private static Task<T> SpinAsync<T>(IAnsiConsole console, string what, Func<Task<T>> act) => console.Profile.Capabilities.Interactive && console.Profile.Out.IsTerminal
        ? console.Status().StartAsync(what.EscapeMarkup(), _ => act())
        : act();
}
