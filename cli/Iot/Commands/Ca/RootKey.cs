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
        await using var database = await LocalDatabase.OpenAsync(run, files.Stack, ServerOptions.Provider.Name, cancellationToken);
        var audit = new AuditLog(database.DataSource);
        // Recorded before the copy is made: an unrecorded copy would be worse than an entry without a copy.
        await audit.AppendAsync(new AuditEntry(LocalDatabase.Actor, Action, files.Stack.Root!.Fingerprint, JsonSerializer.Serialize(new { destination })), cancellationToken);
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
        {
            throw CliException.Failed("no_intermediate", "the provider has no intermediate CA yet and needs its root key to make one; start it once first");
        }

        await using var database = await LocalDatabase.OpenAsync(run, files.Stack, ServerOptions.Provider.Name, cancellationToken);
        var audit = new AuditLog(database.DataSource);
        if (!await WasExportedAsync(audit, files.Stack.Root!.Fingerprint, cancellationToken))
        {
            throw CliException.Failed("not_exported", "the root key was never exported; do that first: iot ca export-root-key --out FILE");
        }

        Confirm.Ask(run, $"Delete {key.Path}? Without a copy no new intermediate can ever be made under this root.");
        await audit.AppendAsync(new AuditEntry(LocalDatabase.Actor, Action, files.Stack.Root.Fingerprint), cancellationToken);
        key.Remove();
        run.Terminal.Result(new { Removed = key.Path }, console => console.MarkupLineInterpolated($"[green]removed[/] {key.Path}; the provider runs on without it"));
        return ExitCode.Ok;
    }

    private static async Task<bool> WasExportedAsync(AuditLog log, string fingerprint, CancellationToken cancellationToken)
    {
        var after = 0L;
        while (true)
        {
            var entries = await log.ReadAsync(after, PageSize, cancellationToken);
            if (entries.Any(entry => entry.Action == CaExportRootKey.Action && entry.Subject == fingerprint))
            {
                return true;
            }

            if (entries.Count == 0)
            {
                return false;
            }

            after = entries[^1].Sequence;
        }
    }
}

/// <summary>The CA files of a provider's data folder, named as step-ca names them.</summary>
internal sealed class RootKeyFiles
{
    private RootKeyFiles(LocalStack stack) => Stack = stack;

    public LocalStack Stack { get; }
    public CaKeyFile RootKey => new(Path.Combine(Stack.Folder, "secrets", "root_ca_key"));

    /// <summary>Without both the provider needs its root key to start.</summary>
    public bool HasIntermediate => File.Exists(Path.Combine(Stack.Folder, "certs", "intermediate_ca.crt")) && File.Exists(Path.Combine(Stack.Folder, "secrets", "intermediate_ca_key"));

    public static RootKeyFiles Find(Run run)
    {
        var stack = LocalStack.Of(run, ServerOptions.Provider);
        return stack.Root is null
            ? throw new CliException(ExitCode.NotFound, "no_provider", $"{stack.Folder} is not a provider's data folder; give --data")
            : new RootKeyFiles(stack);
    }

    public CaKeyFile RequireRootKey() => RootKey.Exists
        ? RootKey
        : throw new CliException(ExitCode.NotFound, "no_root_key", $"there is no root key in {Stack.Folder}: it was removed already, or the root is not the platform's own");
}
