using System.CommandLine;
using IoTPlatform.Contracts.Tenants;

namespace IoTPlatform.Iot;

internal static class TenantsPrepare
{
    private static readonly Option<string?> Name = new("--name") { Description = "Display name. Else the tenant id." };
    private static readonly Option<string[]> Domains = new("--dns-domain") { Description = "A DNS domain of the tenant; its Sub-CA may then name nothing else. Repeatable." };

    private static readonly Option<string?> Plan = new("--plan") { Description = "How much of the broker it may use; one of the provider's plans. Else standard." };

    public static Command Create() => Verb.Create(
        "prepare", "Make a tenant and its JOIN key, which lives 7 days and works once.",
        ["iot tenants prepare acme --name \"Acme Water\"", "iot tenants prepare acme --dns-domain acme.example --env-file acme.env"],
        RunAsync, [TenantArguments.Id, Name, Domains, Plan, KeyOutput.EnvFile, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, trust) =>
    {
        var id = run.Get(TenantArguments.Id);
        var domains = run.Get(Domains);
        var prepared = await provider.PrepareTenantAsync(
            new PrepareTenantRequest { TenantId = id, DisplayName = run.Get(Name) ?? id, DnsDomains = domains is { Length: > 0 } ? domains : null, Plan = run.Get(Plan) },
            cancellationToken).ConfigureAwait(false);
        KeyOutput.Write(run, prepared, provider.BaseUrl, trust);
        return ExitCode.Ok;
    }, cancellationToken);
}
