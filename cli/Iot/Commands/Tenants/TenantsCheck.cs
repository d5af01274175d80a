using System.CommandLine;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Tenants;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Compares what the broker has and does with what it should. Exit code 1 when something was found and not repaired.</summary>
internal static class TenantsCheck
{
    private static readonly Argument<string?> Tenant = new("tenant-id") { Description = "Without it: every tenant.", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<bool> Repair = new("--repair") { Description = "Put right what is found." };

    public static Command Create() => Verb.Create(
        "check", "Show what somebody changed by hand at the broker, and put it right; and try whether the broker asks the provider about bridges.", ["iot tenants check", "iot tenants check acme --repair"],
        RunAsync, [Tenant, Repair, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var repair = run.Get(Repair);
        var found = new List<BrokerCheck>();
        foreach (var id in await TenantsAsync(run, provider, cancellationToken))
        {
            var check = repair
                ? await provider.RepairBrokerAsync(id, cancellationToken)
                : await provider.CheckBrokerAsync(id, cancellationToken);
            if (check.Differences.Count > 0 || check.Broker is { Count: > 0 })
            {
                found.Add(check);
            }
        }

        run.Terminal.Result(found, console => Show(console, found, repair));
        return found.All(check => check.Broker is not { Count: > 0 } && (repair || check.Differences.Count == 0)) ? ExitCode.Ok : ExitCode.Failed;
    }, cancellationToken);

    private static async Task<IEnumerable<string>> TenantsAsync(Run run, ProviderClient provider, CancellationToken cancellationToken)
    {
        if (run.Find(Tenant) is { } one)
        {
            return [one];
        }

        var all = await Pages.CollectAsync(cursor => provider.ListTenantsAsync(cursor, cancellationToken: cancellationToken));
        return all.Where(t => t.Status != TenantStatus.Removing).Select(t => t.TenantId);
    }

    private static void Show(IAnsiConsole console, List<BrokerCheck> found, bool repaired)
    {
        var broker = found.SelectMany(check => check.Broker ?? []).DistinctBy(difference => difference.What).Select(difference => (TenantId: "(all)", Difference: difference)).ToList();
        var tenants = found.SelectMany(check => check.Differences.Select(difference => (check.TenantId, Difference: difference))).ToList();
        Print.Rows(
            console, [.. broker, .. tenants], "the broker is as it should be",
            ("TENANT", r => r.TenantId), ("WHAT", r => r.Difference.What), ("EXPECTED", r => r.Difference.Expected ?? "nothing"), (repaired ? "WAS" : "IS", r => r.Difference.Actual ?? "nothing"));
        if (tenants.Count > 0)
        {
            console.MarkupLineInterpolated(repaired ? $"[green]repaired[/]" : (FormattableString)$"put it right: iot tenants check --repair");
        }

        if (broker.Count > 0)
        {
            console.MarkupLineInterpolated($"what holds for all is put right in RabbitMQ's configuration: docs/rabbitmq.md");
        }
    }
}

internal static class TenantsPlan
{
    private static readonly Argument<string> Plan = new("plan") { Description = "One of the provider's plans (IOT_PLANS)." };

    public static Command Create() => Verb.Create(
        "plan", "Change how much of the broker a tenant may use: connections and sessions.", ["iot tenants plan acme large"],
        RunAsync, [TenantArguments.Id, Plan, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var (id, plan) = (run.Get(TenantArguments.Id), run.Get(Plan));
        await provider.ChangePlanAsync(id, plan, cancellationToken);
        run.Terminal.Result(new { TenantId = id, Plan = plan }, console => console.MarkupLineInterpolated($"[green]{id} has the plan {plan}[/]"));
        return ExitCode.Ok;
    }, cancellationToken);
}
