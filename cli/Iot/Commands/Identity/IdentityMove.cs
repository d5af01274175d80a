using System.CommandLine;
using System.Text.Json;
using IoTPlatform.Pki.Files;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class IdentityMove
{
    private static readonly Option<string> Export = new("--export") { Description = "The file to write (0600): a realm as Keycloak imports it.", HelpName = "file", Required = true };

    public static Command Create() => Verb.Create(
        "move-to-keycloak", "Write the provider's accounts, programs and tenants into a file that Keycloak imports as realm cdm. On the provider's machine, with its data folder.",
        ["iot identity move-to-keycloak --export realm.json --data /var/lib/iotplatform/provider"],
        RunAsync, [Export, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var file = Path.GetFullPath(run.Get(Export)!);
        var exported = await provider.ExportIdentityAsync(cancellationToken);
        AtomicFile.Write(file, JsonSerializer.SerializeToUtf8Bytes(exported.Realm, Json.Options), AtomicFile.Secret);
        run.Terminal.Result(new { File = file, exported.Remarks }, console =>
        {
            console.MarkupLineInterpolated($"{file} has password hashes and secrets: import it (kc.sh import --file, or a new realm in Keycloak's console), then delete it.");
            foreach (var remark in exported.Remarks)
            {
                console.MarkupLineInterpolated($"  {remark}");
            }

            console.WriteLine("Then start the provider with IOT_IDENTITY=keycloak and IOT_OIDC_ISSUER, and run: iot identity init");
        });
        return ExitCode.Ok;
    }, cancellationToken);
}
