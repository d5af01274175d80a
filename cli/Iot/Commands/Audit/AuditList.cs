using System.CommandLine;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Audit;

namespace IoTPlatform.Iot;

internal static class AuditList
{
    private const int PageSize = 200;
    private static readonly Option<int> Limit = new("--limit") { Description = "At most this many.", DefaultValueFactory = _ => 200 };
    private static readonly Option<string?> After = new("--after") { Description = "Only entries after this sequence number, oldest first.", HelpName = "number" };
    private static readonly Option<bool> Follow = new("--follow", "-f") { Description = "Show the newest, then every new entry as it comes, until Ctrl-C. With --json one entry per line." };

    public static Command Create() => Verb.Create(
        "list", "List audit entries, newest first, without the logins and logouts of iot's own commands.",
        ["iot audit list", "iot audit list --action 'certificate.*' --since 24h", "iot audit list --tenant --follow", "iot audit list --after 120 --json"],
        RunAsync, [.. AuditFilterOptions.All, After, Limit, Follow, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => run.Get(Follow)
        ? AuditFollow.RunAsync(run, AuditFilterOptions.Of(run), Math.Clamp(run.Get(Limit), 1, PageSize), cancellationToken)
        : Connect.ToEitherAsync(run, server => ListAsync(run, server, cancellationToken), cancellationToken);

    private static async Task<int> ListAsync(Run run, PlatformClient server, CancellationToken cancellationToken)
    {
        var (filter, after, limit) = (AuditFilterOptions.Of(run) with { NewestFirst = run.Get(After) is null }, run.Get(After), Math.Max(1, run.Get(Limit)));
        var entries = await Pages.CollectAsync(cursor => server.ListAuditAsync(filter, cursor ?? after, Math.Min(limit, PageSize), cancellationToken), limit).ConfigureAwait(false);
        run.Terminal.Result(entries.Select(AuditLine.Of), console => Print.Rows(
            console, entries, AuditFilterOptions.LeavesOutLogins(run) ? "no entries; --logins shows logins and logouts, too" : "no entries",
            ("NO", e => AuditLine.Number(e)), ("AT", e => Print.Time(e.At)), ("ACTOR", e => e.Actor), ("ACTION", e => e.Action), ("SUBJECT", e => e.Subject), ("DETAILS", e => e.Details)));
        return ExitCode.Ok;
    }
}
