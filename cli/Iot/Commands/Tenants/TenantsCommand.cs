using System.CommandLine;
using System.Globalization;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Tenants;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class TenantsCommand
{
    public static Command Create() => Verb.Group(
        "tenants", "Prepare, watch and remove the tenants of a provider.", ["iot tenants prepare acme --name \"Acme Water\" --env-file acme.env", "iot tenants list"],
        TenantsPrepare.Create(), TenantsList.Create(), TenantsShow.Create(), TenantsEvents.Create(), TenantsReplaceKey.Create(), TenantsRevokeKey.Create(),
        TenantsApprove.Create(), TenantsReject.Create(), TenantsRemove.Create(), TenantsSuspend.Create(), TenantsResume.Create(), TenantsPlan.Create(), TenantsCheck.Create(), TenantsTelemetry.Create(),
        TenantsSend.Create(), TenantsCommands.Create(),
        Moved.To("rotate", "iot tenant rotate", "a tenant rotates its own Sub-CA key, which the provider does not have; ask the tenant's stack"));
}

internal static class TenantsList
{
    public static Command Create() => Verb.Create(
        "list", "List the tenants of a provider.", ["iot tenants list", "iot tenants list --json | jq -r '.[].tenant_id'"],
        RunAsync, ServerOptions.All);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var tenants = await Pages.CollectAsync(cursor => provider.ListTenantsAsync(cursor, cancellationToken: cancellationToken));
        run.Terminal.Result(tenants, console => Print.Rows(
            console, tenants, "no tenants yet; make one: iot tenants prepare ID",
            ("TENANT", t => t.TenantId), ("NAME", t => t.DisplayName), ("STATUS", t => SnakeCase.Of(t.Status)),
            ("BRIDGE UP SINCE", t => Print.Time(t.BridgeUpSince)), ("SUSPENDED", t => t.SuspendedAt is { } at ? $"{Print.Time(at)}: {t.SuspendedReason}" : null), ("CREATED", t => Print.Time(t.CreatedAt)), ("JOIN KEY UNTIL", t => Print.Time(t.JoinKeyExpiresAt))));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class TenantsShow
{
    public static Command Create() => Verb.Create(
        "show", "Show one tenant: its status, the steps of its JOIN, what was made for it.", ["iot tenants show acme"],
        RunAsync, [TenantArguments.Id, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var tenant = await provider.GetTenantAsync(run.Get(TenantArguments.Id), cancellationToken);
        run.Terminal.Result(tenant, console => Show(console, tenant));
        return ExitCode.Ok;
    }, cancellationToken);

    private static void Show(IAnsiConsole console, TenantDetail tenant)
    {
        Print.Facts(
            console,
            ("tenant", tenant.TenantId), ("name", tenant.DisplayName), ("status", SnakeCase.Of(tenant.Status)), ("plan", tenant.Plan),
            ("certificates this month", tenant.CertificatesPerMonth is { } most ? $"{tenant.CertificatesThisMonth} of {most}" : null),
            ("created", Print.Time(tenant.CreatedAt)), ("JOIN key until", Print.Time(tenant.JoinKeyExpiresAt)),
            ("Sub-CA key SHA-256", tenant.SubCaKeySha256), ("DNS domains", tenant.DnsDomains.Count == 0 ? null : string.Join(", ", tenant.DnsDomains)),
            ("Sub-CA serials", tenant.SubCaSerials.Count == 0 ? null : string.Join('\n', tenant.SubCaSerials.Select(SerialText.Both))),
            ("bridge serial", tenant.BridgeSerial is { } bridge ? SerialText.Both(bridge) : null), ("broker", tenant.BrokerNamespace is null ? null : $"{tenant.BrokerNamespace} as {tenant.BrokerLogin}"),
            ("broker problem", tenant.BrokerProblem), ("bridge up since", Print.Time(tenant.BridgeUpSince)),
            ("suspended", tenant.SuspendedAt is { } at ? $"{Print.Time(at)}: {tenant.SuspendedReason}" : null),
            ("federation client", tenant.FederationClientId), ("Keycloak", tenant.KeycloakUrl));
        console.WriteLine();
        Print.Rows(
            console, tenant.Steps, "JOIN has not started",
            ("STEP", s => s.Step), ("DONE", s => Print.Time(s.CompletedAt)), ("TOOK", s => s.DurationMs is { } ms ? ms.ToString("0 ms", CultureInfo.InvariantCulture) : null),
            ("ATTEMPTS", s => s.Attempts.ToString(CultureInfo.InvariantCulture)), ("LAST ERROR", s => s.LastError), ("NOTE", s => s.Note));
    }
}

internal static class TenantArguments
{
    public static Argument<string> Id { get; } = Create();

    private static Argument<string> Create()
    {
        var id = new Argument<string>("tenant-id") { Description = "2 to 63 lower-case letters, digits and inner dashes." };
        id.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !TenantId.IsValid(result.Tokens[0].Value))
            {
                result.AddError($"'{result.Tokens[0].Value}' is not a tenant id: 2 to 63 lower-case letters, digits and inner dashes");
            }
        });
        return id;
    }
}
