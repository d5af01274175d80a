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
        await provider.SuspendTenantAsync(id, run.Get(Reason)!, cancellationToken);
        run.Terminal.Result(new { TenantId = id, Suspended = true }, console => console.MarkupLineInterpolated($"[green]suspended[/] {id}; undo: iot tenants resume {id}"));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class TenantsResume
{
    public static Command Create() => Verb.Create(
        "resume", "Give a suspended tenant its access to the broker back.", ["iot tenants resume acme"],
        RunAsync, [TenantArguments.Id, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var id = run.Get(TenantArguments.Id);
        await provider.ResumeTenantAsync(id, cancellationToken);
        run.Terminal.Result(new { TenantId = id, Suspended = false }, console => console.MarkupLineInterpolated($"[green]resumed[/] {id}"));
        return ExitCode.Ok;
    }, cancellationToken);
}

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
            await provider.RemoveTenantAsync(id, cancellationToken);
            run.Terminal.Result(new { TenantId = id, Status = "removed" }, console => console.MarkupLineInterpolated($"[green]removed[/] {id}"));
            return ExitCode.Ok;
        }, cancellationToken);
    }
}
