using System.CommandLine;
using IoTPlatform.Pki;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class CaFingerprint
{
    private static readonly Argument<string?> File = new("file") { Description = "A PEM certificate. Else the root in the data folder.", Arity = ArgumentArity.ZeroOrOne };

    public static Command Create() => Verb.Create(
        "fingerprint", "Print the SHA-256 fingerprint of the platform's root certificate: what tenants and devices are given to trust.",
        ["iot ca fingerprint", "iot ca fingerprint root_ca.crt", "iot ca fingerprint --data /var/lib/iotplatform/provider"], RunAsync, File, ServerOptions.Data);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var local = LocalStack.Of(run, ServerOptions.Provider);
        var root = run.Find(File) is { } file ? ServerTrust.FromFile(file) : local.Root
            ?? throw new CliException(ExitCode.NotFound, "no_root", $"no root certificate in {local.Folder}; give --data FOLDER of the provider, or a PEM file");
        run.Terminal.Result(
            new { root.Fingerprint, root.Root.Subject, NotAfter = root.Root.NotAfterUtc().UtcDateTime },
            console => console.WriteLine(root.Fingerprint));
        return Task.FromResult(ExitCode.Ok);
    }
}
