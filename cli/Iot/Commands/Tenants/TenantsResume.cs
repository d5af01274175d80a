using System.CommandLine;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class TenantsResume
{
    public static Command Create() => Verb.Create(
        "resume", "Give a suspended tenant its access to the broker back.", ["iot tenants resume acme"],
        RunAsync, [TenantArguments.Id, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var id = run.Get(TenantArguments.Id);
        await provider.ResumeTenantAsync(id, cancellationToken).ConfigureAwait(false);
        run.Terminal.Result(new { TenantId = id, Suspended = false }, console => console.MarkupLineInterpolated($"[green]resumed[/] {id}"));
        return ExitCode.Ok;
    }, cancellationToken);
}
