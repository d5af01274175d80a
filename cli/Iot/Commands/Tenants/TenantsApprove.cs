using System.CommandLine;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Contracts;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Any stack can request any free tenant id; only the key identifies the customer's. So it is shown, confirmed and sent along.</summary>
internal static class TenantsApprove
{
    private static readonly Option<string?> Key = new("--key") { Description = "The SHA-256 of the Sub-CA key, as the waiting tenant prints it; approves only that key, without a question.", HelpName = "hex" };

    public static Command Create() => Verb.Create(
        "approve", "Approve the request of a tenant that asked to join without a key. Compare the Sub-CA key with what the tenant prints first.",
        ["iot tenants approve acme", "iot tenants approve acme --key 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
        RunAsync, [TenantArguments.Id, Key, Confirm.Yes, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var id = run.Get(TenantArguments.Id);
        var key = run.Get(Key) is { } given ? given.Replace(":", "", StringComparison.Ordinal).ToLowerInvariant() : Ask(run, await provider.GetTenantAsync(id, cancellationToken));
        await provider.ApproveJoinRequestAsync(id, key, cancellationToken);
        run.Terminal.Result(
            new { TenantId = id, Decision = "approved", SubCaKeySha256 = key },
            console => console.MarkupLineInterpolated($"[green]approved[/] {id} with the Sub-CA key {key}; it joins at its next poll: iot tenants show {id}"));
        return ExitCode.Ok;
    }, cancellationToken);

    private static string Ask(Run run, TenantDetail tenant)
    {
        if (tenant.SubCaKeySha256 is not { } key || tenant.Status is TenantStatus.Active)
        {
            throw CliException.Failed("no_join_request", $"tenant {tenant.TenantId} has no request that waits for a decision (status {SnakeCase.Of(tenant.Status)})");
        }

        Print.Facts(run.Terminal.Remarks, ("tenant", tenant.TenantId), ("name", tenant.DisplayName), ("Sub-CA key SHA-256", key));
        Confirm.Ask(run, $"Does the waiting tenant print this very key? Whoever holds it becomes {tenant.TenantId}.");
        return key;
    }
}

internal static class TenantsReject
{
    private static readonly Option<string> Reason = new("--reason") { Description = "Told to the tenant.", Required = true };

    public static Command Create() => Verb.Create(
        "reject", "Reject the request of a tenant that asked to join without a key.", ["iot tenants reject acme --reason \"unknown customer\""],
        RunAsync, [TenantArguments.Id, Reason, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var id = run.Get(TenantArguments.Id);
        await provider.RejectJoinRequestAsync(id, run.Get(Reason)!, cancellationToken);
        run.Terminal.Result(new { TenantId = id, Decision = "rejected" }, console => console.MarkupLineInterpolated($"[green]rejected[/] {id}"));
        return ExitCode.Ok;
    }, cancellationToken);
}
