using System.CommandLine;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class TenantsApprove
{
    public static Command Create() => Verb.Create(
        "approve", "Approve the request of a tenant that asked to join without a key.", ["iot tenants approve acme"],
        RunAsync, [TenantArguments.Id, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var id = run.Get(TenantArguments.Id);
        await provider.ApproveJoinRequestAsync(id, cancellationToken).ConfigureAwait(false);
        run.Terminal.Result(
            new { TenantId = id, Decision = "approved" },
            console => console.MarkupLineInterpolated($"[green]approved[/] {id}; it joins at its next poll: iot tenants show {id}"));
        return ExitCode.Ok;
    }, cancellationToken);
}
