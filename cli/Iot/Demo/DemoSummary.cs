using System.Globalization;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Pki;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>The closing page: who signed what, where everything is, what to try next.</summary>
internal static class DemoSummary
{
    private const int Label = 8;

    public static void Print(IAnsiConsole console, DemoReport report)
    {
        console.WriteLine();
        console.MarkupLine("[bold]WHO SIGNED WHAT[/]");
        Iot.Print.Rows(
            console, [.. report.Certificates.OrderBy(Rank).ThenBy(c => c.Stack, StringComparer.Ordinal).ThenBy(c => c.Subject, StringComparer.Ordinal)], "nothing",
            ("certificate", c => c.Chain[0]), ("profile", c => c.Profile), ("signed by", c => c.SignedBy), ("serial", c => SerialNumber.Short(c.Serial)),
            ("valid until", c => Iot.Print.Time(c.NotAfter)), ("", c => c.Revoked ? "revoked" : ""));
        console.WriteLine();
        console.MarkupLine("[bold]HOW LONG IT TOOK[/]");
        Iot.Print.Rows(console, report.Steps, "nothing", ("step", s => s.Step), ("time", s => Iot.Print.Seconds(s.DurationMs)));
        foreach (var join in report.Joins)
        {
            console.WriteLine($"JOIN of {join.Tenant} at the provider: {string.Join(", ", join.Steps.Select(Took))}");
        }

        console.WriteLine($"together {Iot.Print.Seconds(report.DurationMs)}");
        console.WriteLine();
        console.MarkupLine("[bold]WHERE IT IS[/]");
        foreach (var stack in report.Stacks)
        {
            Iot.Print.Facts(console, (stack.Name.PadRight(Label), $"{stack.Url}"), ("", $"data {stack.Data}"), ("", $"log in as {stack.AdminUser}, password in {stack.AdminPasswordFile}"));
        }

        Iot.Print.Facts(console, ("devices".PadRight(Label), Path.Combine(report.Folder, "devices")), ("logs", Path.Combine(report.Folder, "logs")), ("root", report.RootFingerprint));
        console.WriteLine();
        Next(console, report);
    }

    private static string Took(JoinStepView step) => string.Create(CultureInfo.InvariantCulture, $"{step.Step} {step.DurationMs:0} ms");

    private static void Next(IAnsiConsole console, DemoReport report)
    {
        var provider = report.Stacks[0];
        if (!report.Running)
        {
            console.MarkupLineInterpolated($"[green]Everything held.[/] Keep it running to look around: {report.Command} --keep");
            return;
        }
        console.MarkupLine("[green]Everything held.[/] It is still running. Each of these signs you in at a portal, once, within ten minutes (the browser does not know the certificate: go on anyway):");
        foreach (var stack in report.Stacks.Where(stack => stack.SignInLink is not null))
        {
            console.WriteLine();
            console.WriteLine($"  {stack.Name}");
            // As it is: broken into lines at the terminal's width it would be no link.
            console.Profile.Out.Writer.WriteLine($"  {stack.SignInLink}");
        }

        console.WriteLine();
        console.WriteLine($"  iot tenants list --url {provider.Url} --data {provider.Data}");
        console.WriteLine($"  iot devices list --url {report.Stacks[1].Url} --data {report.Stacks[1].Data}");
        console.WriteLine($"  iot demo --stop --data {report.Folder}");
    }

    private static int Rank(DemoCertificate certificate) => certificate.Profile switch
    {
        "root" => 0,
        "intermediate" => 1,
        "tenant-sub-ca" => 2,
        "service" => 3,
        "mqtt-bridge" => 4,
        _ => 5,
    };
}
