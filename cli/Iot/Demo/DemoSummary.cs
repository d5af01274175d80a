using System.Globalization;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>The closing page: who signed what, where everything is, what to try next.</summary>
internal static class DemoSummary
{
    public static void Print(IAnsiConsole console, DemoReport report)
    {
        console.WriteLine();
        console.MarkupLine("[bold]Who signed what[/]");
        Iot.Print.Rows(
            console, [.. report.Certificates.OrderBy(Rank).ThenBy(c => c.Stack, StringComparer.Ordinal).ThenBy(c => c.Subject, StringComparer.Ordinal)], "nothing",
            ("CERTIFICATE", c => c.Chain[0]), ("PROFILE", c => c.Profile), ("CHAIN", c => string.Join(" < ", c.Chain.Skip(1))),
            ("UNTIL", c => Iot.Print.Time(c.NotAfter)), ("", c => c.Revoked ? "revoked" : ""));
        console.WriteLine();
        console.MarkupLine("[bold]Where it is[/]");
        Iot.Print.Rows(
            console, report.Stacks, "nowhere",
            ("STACK", s => s.Name), ("URL", s => s.Url.ToString()), ("DATA", s => s.Data), ("ADMIN LOGIN", s => $"{s.AdminUser}, password in {s.AdminPasswordFile}"));
        console.WriteLine();
        Iot.Print.Facts(
            console,
            ("root fingerprint", report.RootFingerprint),
            ("devices", Path.Combine(report.Folder, "devices")), ("logs", Path.Combine(report.Folder, "logs")),
            ("took", string.Create(CultureInfo.InvariantCulture, $"{report.DurationMs / 1000:0.0} s")));
        console.WriteLine();
        Next(console, report);
    }

    private static void Next(IAnsiConsole console, DemoReport report)
    {
        var provider = report.Stacks[0];
        if (!report.Running)
        {
            console.MarkupLine("[green]Everything held.[/] Keep it running to look around: iot demo --keep");
            return;
        }
        console.MarkupLine("[green]Everything held.[/] It is still running:");
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
