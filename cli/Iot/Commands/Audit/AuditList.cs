using System.CommandLine;
using System.Globalization;

namespace IoTPlatform.Iot;

internal static class AuditList
{
    private static readonly Option<int> Limit = new("--limit") { Description = "At most this many.", DefaultValueFactory = _ => 200 };
    private static readonly Option<string?> After = new("--after") { Description = "Only entries after this sequence number.", HelpName = "number" };

    public static Command Create() => Verb.Create(
        "list", "List audit entries, oldest first.", ["iot audit list", "iot audit list --tenant --after 120 --json"], RunAsync, [After, Limit, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var entries = await Pages.CollectAsync(cursor => server.ListAuditAsync(cursor ?? run.Get(After), cancellationToken: cancellationToken), run.Get(Limit)).ConfigureAwait(false);
        run.Terminal.Result(entries, console => Print.Rows(
            console, entries, "no entries",
            ("NO", e => e.Sequence.ToString(CultureInfo.InvariantCulture)), ("AT", e => Print.Time(e.At)), ("ACTOR", e => e.Actor),
            ("ACTION", e => e.Action), ("SUBJECT", e => e.Subject), ("DETAILS", e => e.Details)));
        return ExitCode.Ok;
    }, cancellationToken);
}
