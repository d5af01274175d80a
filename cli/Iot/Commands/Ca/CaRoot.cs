using System.CommandLine;
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
        var (_, trust) = await Connect.FindAsync(run, ServerOptions.Provider, cancellationToken).ConfigureAwait(false);
        var pem = Pem.Certificate(trust.Root.RawData);
        var file = run.Find(Out);
        if (file is null)
            run.Terminal.Raw(pem);
        else
            AtomicFile.WriteText(file, pem, AtomicFile.Public);
        if (file is not null || run.Terminal.IsJson)
            run.Terminal.Result(new { trust.Fingerprint, File = file, Pem = pem }, console => console.WriteLine($"{file} {trust.Fingerprint}"));
        return ExitCode.Ok;
    }
}
