using System.CommandLine;
using System.Globalization;
using IoTPlatform.Contracts.Tenants;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class TenantsShow
{
    public static Command Create() => Verb.Create(
        "show", "Show one tenant: its status, the steps of its JOIN, what was made for it.", ["iot tenants show acme"],
        RunAsync, [TenantArguments.Id, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var tenant = await provider.GetTenantAsync(run.Get(TenantArguments.Id), cancellationToken).ConfigureAwait(false);
        run.Terminal.Result(tenant, console => Show(console, tenant));
        return ExitCode.Ok;
    }, cancellationToken);

    private static void Show(IAnsiConsole console, TenantDetail tenant)
    {
        Print.Facts(
            console,
            ("tenant", tenant.TenantId), ("name", tenant.DisplayName), ("status", Json.Snake(tenant.Status.ToString())), ("plan", tenant.Plan),
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
