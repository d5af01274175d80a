using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class TenantsList
{
    public static Command Create() => Verb.Create(
        "list", "List the tenants of a provider.", ["iot tenants list", "iot tenants list --json | jq -r '.[].tenant_id'"],
        RunAsync, ServerOptions.All);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var tenants = await Pages.CollectAsync(cursor => provider.ListTenantsAsync(cursor, cancellationToken: cancellationToken)).ConfigureAwait(false);
        run.Terminal.Result(tenants, console => Print.Rows(
            console, tenants, "no tenants yet; make one: iot tenants prepare ID",
            ("TENANT", t => t.TenantId), ("NAME", t => t.DisplayName), ("STATUS", t => Json.Snake(t.Status.ToString())),
            ("BRIDGE UP SINCE", t => Print.Time(t.BridgeUpSince)), ("SUSPENDED", t => t.SuspendedAt is { } at ? $"{Print.Time(at)}: {t.SuspendedReason}" : null), ("CREATED", t => Print.Time(t.CreatedAt)), ("JOIN KEY UNTIL", t => Print.Time(t.JoinKeyExpiresAt))));
        return ExitCode.Ok;
    }, cancellationToken);
}
