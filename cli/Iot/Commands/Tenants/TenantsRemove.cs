using System.CommandLine;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class TenantsRemove
{
    public static Command Create() => Verb.Create(
        "remove", "Undo everything JOIN made: revoke the tenant's certificates, drop its broker namespace and federation client.", ["iot tenants remove acme --yes"],
        RunAsync, [TenantArguments.Id, Confirm.Yes, .. ServerOptions.All]);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var id = run.Get(TenantArguments.Id);
        Confirm.Ask(run, $"Remove tenant {id} and revoke its certificates? This cannot be undone.");
        return await Connect.ToProviderAsync(run, async (provider, _) =>
        {
            await provider.RemoveTenantAsync(id, cancellationToken).ConfigureAwait(false);
            run.Terminal.Result(new { TenantId = id, Status = "removed" }, console => console.MarkupLineInterpolated($"[green]removed[/] {id}"));
            return ExitCode.Ok;
        }, cancellationToken).ConfigureAwait(false);
    }
}
