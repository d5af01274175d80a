using System.CommandLine;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class TenantsRevokeKey
{
    public static Command Create() => Verb.Create(
        "revoke-key", "Revoke a tenant's JOIN key; a tenant that has joined is not touched.", ["iot tenants revoke-key acme"],
        RunAsync, [TenantArguments.Id, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var id = run.Get(TenantArguments.Id);
        await provider.RevokeJoinKeyAsync(id, cancellationToken).ConfigureAwait(false);
        run.Terminal.Result(
            new { TenantId = id, JoinKey = "revoked" },
            console => console.MarkupLineInterpolated($"[green]revoked[/] the JOIN key of {id}; a new one: iot tenants replace-key {id}"));
        return ExitCode.Ok;
    }, cancellationToken);
}
