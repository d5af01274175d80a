using System.CommandLine;
using System.Globalization;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class TenantUplink
{
    public static Command Create() => Verb.Create(
        "uplink", "Show how telemetry goes up to the provider, and how much waits.", ["iot tenant uplink", "iot tenant uplink --json"], RunAsync, ServerOptions.All);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var uplink = await tenant.GetUplinkAsync(cancellationToken);
        run.Terminal.Result(uplink, console => Print.Facts(
            console, ("state", uplink.State), ("connected since", Print.Time(uplink.ConnectedSince)), ("reason", uplink.Reason),
            ("waiting", uplink.Waiting.ToString(CultureInfo.InvariantCulture)), ("waiting since", Print.Time(uplink.WaitingSince))));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class TenantResend
{
    private static readonly Option<DateTimeOffset> From = new("--from") { Description = "What was received at or after this time.", Required = true };

    public static Command Create() => Verb.Create(
        "resend", "Send telemetry to the provider again, after it was restored from a backup. It stores only what it lacks.", ["iot tenant resend --from 2026-11-28T20:00:00Z"],
        RunAsync, [From, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToTenantAsync(run, async (tenant, _) =>
    {
        var from = run.Get(From);
        await tenant.ResendAsync(from, cancellationToken);
        run.Terminal.Result(new { From = from }, console => console.MarkupLineInterpolated($"[green]sending again[/] what was received from {Print.Time(from)} on"));
        return ExitCode.Ok;
    }, cancellationToken);
}
