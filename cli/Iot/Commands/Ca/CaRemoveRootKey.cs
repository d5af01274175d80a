using System.CommandLine;
using IoTPlatform.Database;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class CaRemoveRootKey
{
    private const string Action = "ca.root_key_removed";
    private const int PageSize = 1000;

    public static Command Create() => Verb.Create(
        "remove-root-key", "Delete the root key from the provider's data folder; the provider runs on without it. Refused unless it was exported. Goes into the audit log.",
        ["iot ca remove-root-key --data /var/lib/iotplatform/provider --yes"], RunAsync, ServerOptions.Data, Confirm.Yes);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var files = RootKeyFiles.Find(run);
        var key = files.RequireRootKey();
        if (!files.HasIntermediate)
            throw CliException.Failed("no_intermediate", "the provider has no intermediate CA yet and needs its root key to make one; start it once first");
        await using var audit = await ProviderAudit.OpenAsync(run, files.Stack, cancellationToken).ConfigureAwait(false);
        if (!await WasExportedAsync(audit.Log, files.Stack.Root!.Fingerprint, cancellationToken).ConfigureAwait(false))
            throw CliException.Failed("not_exported", "the root key was never exported; do that first: iot ca export-root-key --out FILE");
        Confirm.Ask(run, $"Delete {key.Path}? Without a copy no new intermediate can ever be made under this root.");
        await audit.Log.AppendAsync(new AuditEntry(ProviderAudit.Actor, Action, files.Stack.Root.Fingerprint), cancellationToken).ConfigureAwait(false);
        key.Remove();
        run.Terminal.Result(new { Removed = key.Path }, console => console.MarkupLineInterpolated($"[green]removed[/] {key.Path}; the provider runs on without it"));
        return ExitCode.Ok;
    }

    private static async Task<bool> WasExportedAsync(AuditLog log, string fingerprint, CancellationToken cancellationToken)
    {
        var after = 0L;
        while (true)
        {
            var entries = await log.ReadAsync(after, PageSize, cancellationToken).ConfigureAwait(false);
            if (entries.Any(entry => entry.Action == CaExportRootKey.Action && entry.Subject == fingerprint))
                return true;
            if (entries.Count == 0)
                return false;
            after = entries[^1].Sequence;
        }
    }
}
