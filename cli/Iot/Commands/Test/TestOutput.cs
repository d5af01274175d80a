using System.Globalization;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class TestOutput
{
    private const int LongestTrace = 12;

    public static void Print(IAnsiConsole console, TestProjectResult result)
    {
        var sign = result.Crash is null && result.Failed == 0 ? (result.Passed == 0 ? "[yellow]-[/]" : "[green]✓[/]") : "[red]✗[/]";
        var counts = string.Create(CultureInfo.InvariantCulture, $"{result.Passed,5} passed {result.Failed,3} failed {result.Skipped,3} skipped {result.DurationMs / 1000,7:0.0} s");
        console.Write(new Markup($"{sign} {result.Project.EscapeMarkup(),-30}{counts}\n"));
        foreach (var failure in result.Failures)
        {
            console.Write(new Markup($"    [red]{failure.Name.EscapeMarkup()}[/]\n"));
            Indented(console, failure.Message);
            Indented(console, string.Join('\n', (failure.StackTrace ?? "").Split('\n').Take(LongestTrace)));
        }
        if (result.Crash is { } crash)
        {
            console.Write(new Markup("    [red]crashed[/]\n"));
            Indented(console, crash);
        }
    }

    /// <summary>Ends with the one line that programs parse.</summary>
    public static void Print(IAnsiConsole console, TestTotal total, IReadOnlyCollection<TestProjectResult> results)
    {
        foreach (var (reason, count) in results.SelectMany(result => result.SkipReasons))
        {
            console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"skipped {count}: {reason}"));
        }

        if (total.Crashed > 0)
        {
            console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{total.Crashed} project(s) crashed: {string.Join(", ", results.Where(result => result.Crash is not null).Select(result => result.Project))}"));
        }

        if (total.Passed + total.Failed == 0)
        {
            console.WriteLine("nothing ran");
        }

        console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{total.Passed} passed, {total.Failed} failed, {total.Skipped} skipped"));
    }

    private static void Indented(IAnsiConsole console, string text)
    {
        foreach (var line in text.Split('\n'))
        {
            if (line.Trim().Length > 0)
            {
                console.Write(new Text($"      {line.TrimEnd()}\n"));
            }
        }
    }
}
