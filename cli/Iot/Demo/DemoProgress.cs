using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Says what is going on while it goes on, and how long it took.</summary>
internal sealed class DemoProgress(IAnsiConsole console, TimeProvider time)
{
    private readonly List<DemoStep> steps = [];

    public IReadOnlyList<DemoStep> Steps => steps;

    public async Task<T> StepAsync<T>(string step, Func<Task<(T Value, string Detail)>> act)
    {
        var started = time.GetTimestamp();
        try
        {
            var (value, detail) = await SpinAsync(step, act).ConfigureAwait(false);
            var took = time.GetElapsedTime(started);
            steps.Add(new DemoStep(step, Math.Round(took.TotalMilliseconds, 1), detail));
            console.Write(new Markup($"[green]✓[/] [bold]{step.EscapeMarkup(),-48}[/][grey]{Print.Seconds(took.TotalMilliseconds),8}[/]  {detail.EscapeMarkup()}\n"));
            return value;
        }
        catch
        {
            console.Write(new Markup($"[red]✗[/] [bold]{step.EscapeMarkup(),-48}[/][grey]{Print.Seconds(time.GetElapsedTime(started).TotalMilliseconds),8}[/]\n"));
            throw;
        }
    }

    /// <summary>Something smaller inside a step.</summary>
    public void Note(string text) => console.Write(new Markup($"[grey]    {text.EscapeMarkup()}[/]\n"));

    private Task<T> SpinAsync<T>(string step, Func<Task<T>> act) => console.Profile.Capabilities.Interactive && console.Profile.Out.IsTerminal
        ? console.Status().Spinner(Spinner.Known.Dots).StartAsync(step.EscapeMarkup(), _ => act())
        : act();
}
