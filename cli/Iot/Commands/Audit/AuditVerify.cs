using System.CommandLine;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class AuditVerify
{
    private static readonly Option<string?> Head = new("--head") { Description = "A head noted earlier: it must still be in the log, or the log was rewritten.", HelpName = "hex" };

    public static Command Create() => Verb.Create(
        "verify", "Recompute the whole chain. Note the head elsewhere: only who knows an old head can tell a rewritten log.",
        ["iot audit verify", "iot audit verify --head 4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a", "iot audit verify --tenant --json"],
        RunAsync, [Head, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var verification = await server.VerifyAuditAsync(cancellationToken).ConfigureAwait(false);
        var head = run.Get(Head)?.Trim().ToLowerInvariant();
        bool? headFound = head is null ? null
            : verification.Head == head || await AuditEntries.ContainsAsync(server, head, cancellationToken).ConfigureAwait(false);
        var holds = verification.Intact && headFound != false;
        run.Terminal.Result(new { verification.Entries, verification.Intact, verification.BrokenAt, verification.Reason, verification.Head, HeadFound = headFound }, console =>
        {
            console.MarkupLineInterpolated(verification.Intact
                ? (FormattableString)$"[green]intact[/]: {verification.Entries} entries, head {verification.Head}"
                : (FormattableString)$"[red]broken[/] at entry {verification.BrokenAt}: {verification.Reason}");
            if (headFound == false)
                console.MarkupLineInterpolated($"[red]rewritten[/]: no entry has the head {head}");
        });
        return holds ? ExitCode.Ok : ExitCode.Failed;
    }, cancellationToken);
}
