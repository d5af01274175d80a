using System.CommandLine;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Audit;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class AuditCommand
{
    public static Command Create() => Verb.Group(
        "audit", "The append-only, hash-chained audit log of a provider or a tenant.", ["iot audit verify", "iot audit list --tenant"],
        AuditVerify.Create(), AuditList.Create());
}

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
        var entries = await Pages.CollectAsync(cursor => server.ListAuditAsync(filter, cursor ?? after, Math.Min(limit, PageSize), cancellationToken), limit);
        run.Terminal.Result(entries.Select(AuditLine.Of), console => Print.Rows(
            console, entries, AuditFilterOptions.LeavesOutLogins(run) ? "no entries; --logins shows logins and logouts, too" : "no entries",
            ("NO", e => AuditLine.Number(e)), ("AT", e => Print.Time(e.At)), ("ACTOR", e => e.Actor), ("ACTION", e => e.Action), ("SUBJECT", e => e.Subject), ("DETAILS", e => e.Details)));
        return ExitCode.Ok;
    }
}

internal static class AuditVerify
{
    private static readonly Option<string?> Head = new("--head") { Description = "A head noted earlier: it must still be in the log, or the log was rewritten.", HelpName = "hex" };

    public static Command Create() => Verb.Create(
        "verify", "Recompute the whole chain. Note the head elsewhere: only who knows an old head can tell a rewritten log.",
        ["iot audit verify", "iot audit verify --head 4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a", "iot audit verify --tenant --json"],
        RunAsync, [Head, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var verification = await server.VerifyAuditAsync(cancellationToken);
        var head = run.Get(Head)?.Trim().ToLowerInvariant();
        bool? headFound = head is null ? null
            : verification.Head == head || await AuditEntries.ContainsAsync(server, head, cancellationToken);
        var holds = verification.Intact && headFound != false;
        run.Terminal.Result(new { verification.Entries, verification.Intact, verification.BrokenAt, verification.Reason, verification.Head, HeadFound = headFound }, console =>
        {
            console.MarkupLineInterpolated(verification.Intact
                ? (FormattableString)$"[green]intact[/]: {verification.Entries} entries, head {verification.Head}"
                : (FormattableString)$"[red]broken[/] at entry {verification.BrokenAt}: {verification.Reason}");
            if (headFound == false)
            {
                console.MarkupLineInterpolated($"[red]rewritten[/]: no entry has the head {head}");
            }
        });
        return holds ? ExitCode.Ok : ExitCode.Failed;
    }, cancellationToken);
}
