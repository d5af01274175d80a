using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class CaExportRootKey
{
    private static readonly Option<string> Out = new("--out") { Description = "Where to write it; an existing file is refused.", Required = true, HelpName = "file" };

    public static Command Create() => Verb.Create(
        "export-root-key", "Copy the provider's root key, still encrypted under the CA password, to where it is to be kept offline. Goes into the audit log.",
        ["iot ca export-root-key --data /var/lib/iotplatform/provider --out /media/vault/root.key"], RunAsync, ServerOptions.Data, Out);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => throw new NotImplementedException();
}
