using System.CommandLine;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class TenantsReject
{
    private static readonly Option<string> Reason = new("--reason") { Description = "Told to the tenant.", Required = true };

    public static Command Create() => Verb.Create(
        "reject", "Reject the request of a tenant that asked to join without a key.", ["iot tenants reject acme --reason \"unknown customer\""],
        RunAsync, [TenantArguments.Id, Reason, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var id = run.Get(TenantArguments.Id);
        await provider.RejectJoinRequestAsync(id, run.Get(Reason)!, cancellationToken).ConfigureAwait(false);
        run.Terminal.Result(new { TenantId = id, Decision = "rejected" }, console => console.MarkupLineInterpolated($"[green]rejected[/] {id}"));
        return ExitCode.Ok;
    }, cancellationToken);
}
