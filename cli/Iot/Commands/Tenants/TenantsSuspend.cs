using System.CommandLine;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class TenantsSuspend
{
    private static readonly Option<string> Reason = new("--reason") { Description = "For the audit log.", Required = true };

    public static Command Create() => Verb.Create(
        "suspend", "Close the provider to a tenant: broker, API and proofs; its certificates and data stay, its devices go on.", ["iot tenants suspend acme --reason \"unpaid\""],
        RunAsync, [TenantArguments.Id, Reason, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var id = run.Get(TenantArguments.Id);
        await provider.SuspendTenantAsync(id, run.Get(Reason)!, cancellationToken).ConfigureAwait(false);
        run.Terminal.Result(new { TenantId = id, Suspended = true }, console => console.MarkupLineInterpolated($"[green]suspended[/] {id}; undo: iot tenants resume {id}"));
        return ExitCode.Ok;
    }, cancellationToken);
}
