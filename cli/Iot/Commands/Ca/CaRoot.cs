using System.CommandLine;
using IoTPlatform.Pki;
using IoTPlatform.Pki.Files;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class CaRoot
{
    private static readonly Argument<string?> Out = new("out") { Description = "File to write. Else stdout.", Arity = ArgumentArity.ZeroOrOne };

    public static Command Create() => Verb.Create(
        "root", "Get the platform's root certificate: from the data folder, or from a server and checked against the fingerprint.",
        ["iot ca root root_ca.crt", "iot ca root root_ca.crt --url https://provider.example:9443 --fingerprint HEX"], RunAsync, [Out, .. ServerOptions.Trust]);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var (_, trust) = await Connect.FindAsync(run, ServerOptions.Provider, cancellationToken);
        var pem = Pem.Certificate(trust.Root.RawData);
        var file = run.Find(Out);
        if (file is null)
        {
            run.Terminal.Raw(pem);
        }
        else
        {
            AtomicFile.WriteText(file, pem, AtomicFile.Public);
        }

        if (file is not null || run.Terminal.IsJson)
        {
            run.Terminal.Result(new { trust.Fingerprint, File = file, Pem = pem }, console => console.WriteLine($"{file} {trust.Fingerprint}"));
        }

        return ExitCode.Ok;
    }
}

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

internal static class CaCommand
{
    public static Command Create() => Verb.Group(
        "ca", "The certificate authorities: root, fingerprint, issued certificates, offline root key.", ["iot ca fingerprint", "iot ca list --profile device --tenant"],
        CaFingerprint.Create(), CaRoot.Create(), CaInspect.Create(), CaList.Create(), CaEndpoints.Create(), CaBudgets.Create(), CaExport.Create(), CaRevoke.Create(), CaHold.Create(), CaHold.CreateRelease(), CaEmergency.Create(), CaExportRootKey.Create(), CaRemoveRootKey.Create(),
        ProvisionerCommand.Create(), AdminCommand.Create(), PolicyCommand.Create(), InventoryCommand.Create(), IssuerCommand.Create(), AcmeCommand.Create(), CaImport.Create());
}
