using System.CommandLine;
using System.Text.Json;
using IoTPlatform.Database;
using IoTPlatform.Pki.Signing;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class CaExportRootKey
{
    public const string Action = "ca.root_key_exported";
    private static readonly Option<string> Out = new("--out") { Description = "Where to write it; an existing file is refused.", Required = true, HelpName = "file" };

    public static Command Create() => Verb.Create(
        "export-root-key", "Copy the provider's root key, still encrypted under the CA password, to where it is kept offline, and check that the copy opens. Goes into the audit log.",
        ["iot ca export-root-key --data /var/lib/iotplatform/provider --out /media/vault/root.key"], RunAsync, ServerOptions.Data, Out);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var files = RootKeyFiles.Find(run);
        var key = files.RequireRootKey();
        var destination = Path.GetFullPath(run.Get(Out)!);
        var password = CaPassword.Find(run, files.Stack);
        key.Load(password).Dispose();
        await using var audit = await ProviderAudit.OpenAsync(run, files.Stack, cancellationToken).ConfigureAwait(false);
        // On record before it happens: a copy that nobody knows of would be worse than an entry without a copy.
        await audit.Log.AppendAsync(new AuditEntry(ProviderAudit.Actor, Action, files.Stack.Root!.Fingerprint, JsonSerializer.Serialize(new { destination })), cancellationToken).ConfigureAwait(false);
        key.Export(destination);
        new CaKeyFile(destination).Load(password).Dispose();
        run.Terminal.Result(new { File = destination, RootFingerprint = files.Stack.Root.Fingerprint }, console =>
        {
            console.MarkupLineInterpolated($"[green]exported[/] the root key to {destination}; it opens with the CA password, keep the two apart");
            console.MarkupLineInterpolated($"once the copy is safe: iot ca remove-root-key --data {files.Stack.Folder}");
        });
        return ExitCode.Ok;
    }
}
