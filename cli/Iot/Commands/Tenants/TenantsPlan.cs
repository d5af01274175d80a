using System.CommandLine;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class TenantsPlan
{
    private static readonly Argument<string> Plan = new("plan") { Description = "One of the provider's plans (IOT_PLANS)." };

    public static Command Create() => Verb.Create(
        "plan", "Change how much of the broker a tenant may use: connections and sessions.", ["iot tenants plan acme large"],
        RunAsync, [TenantArguments.Id, Plan, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var (id, plan) = (run.Get(TenantArguments.Id), run.Get(Plan));
        await provider.ChangePlanAsync(id, plan, cancellationToken).ConfigureAwait(false);
        run.Terminal.Result(new { TenantId = id, Plan = plan }, console => console.MarkupLineInterpolated($"[green]{id} has the plan {plan}[/]"));
        return ExitCode.Ok;
    }, cancellationToken);
}
