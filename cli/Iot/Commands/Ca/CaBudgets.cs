using System.CommandLine;
using System.Globalization;

namespace IoTPlatform.Iot;

/// <summary>How far limits and budgets are used up.</summary>
internal static class CaBudgets
{
    public static Command Create() => Verb.Create(
        "budgets", "List the limits of provisioners and the stack's budgets, and how far they are used up (docs/inventory.md).",
        ["iot ca budgets", "iot ca budgets --tenant --json"], RunAsync, [.. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var budgets = (await server.ListBudgetsAsync(cancellationToken)).Items;
        run.Terminal.Result(budgets, console => Print.Rows(
            console, budgets, "no limits",
            ("PROVISIONER", b => b.Provisioner ?? ""), ("WHAT", b => b.Span), ("MOST", b => b.Most.ToString(CultureInfo.InvariantCulture)), ("USED", b => b.Used.ToString(CultureInfo.InvariantCulture)),
            ("RESETS", b => b.ResetsAt is { } at ? Print.Time(at) : "")));
        return ExitCode.Ok;
    }, cancellationToken);
}
