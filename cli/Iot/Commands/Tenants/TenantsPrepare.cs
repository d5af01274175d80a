using System.CommandLine;
using System.Text;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Pki.Files;
using Spectre.Console;

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
            cancellationToken);
        KeyOutput.Write(run, prepared, provider.BaseUrl, trust);
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class TenantsReplaceKey
{
    public static Command Create() => Verb.Create(
        "replace-key", "Revoke a tenant's JOIN key and make a new one.", ["iot tenants replace-key acme --env-file acme.env"],
        RunAsync, [TenantArguments.Id, KeyOutput.EnvFile, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, trust) =>
    {
        var prepared = await provider.ReplaceJoinKeyAsync(run.Get(TenantArguments.Id), cancellationToken);
        KeyOutput.Write(run, prepared, provider.BaseUrl, trust);
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class TenantsRevokeKey
{
    public static Command Create() => Verb.Create(
        "revoke-key", "Revoke a tenant's JOIN key; a tenant that has joined is not touched.", ["iot tenants revoke-key acme"],
        RunAsync, [TenantArguments.Id, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var id = run.Get(TenantArguments.Id);
        await provider.RevokeJoinKeyAsync(id, cancellationToken);
        run.Terminal.Result(
            new { TenantId = id, JoinKey = "revoked" },
            console => console.MarkupLineInterpolated($"[green]revoked[/] the JOIN key of {id}; a new one: iot tenants replace-key {id}"));
        return ExitCode.Ok;
    }, cancellationToken);
}

/// <summary>Shows a new JOIN key, or writes it into an env file and keeps it off the screen.</summary>
internal static class KeyOutput
{
    public static Option<string?> EnvFile { get; } = new("--env-file") { Description = "Write the tenant's first-boot settings with the JOIN key into this file (0600) instead of showing the key.", HelpName = "file" };

    public static void Write(Run run, PreparedTenant prepared, Uri provider, RootTrust trust)
    {
        if (run.Get(EnvFile) is not { } file)
        {
            run.Terminal.Result(prepared, console => Show(console, prepared));
            return;
        }
        TenantEnvFile.Write(file, ProviderUrl(prepared, provider), trust.Fingerprint, prepared.TenantId, prepared.JoinKey);
        if (ProviderUrl(prepared, provider).IsLoopback)
        {
            run.Terminal.Remarks.MarkupLineInterpolated($"PROVIDER_URL in {file} is {ProviderUrl(prepared, provider)}, which only this machine reaches. For tenants elsewhere start the provider with --public-url (IOT_PUBLIC_URL) and --names");
        }

        run.Terminal.Result(
            new { prepared.TenantId, prepared.DisplayName, prepared.ExpiresAt, prepared.ProviderUrl, EnvFile = Path.GetFullPath(file) },
            console => console.MarkupLineInterpolated($"[green]prepared[/] {prepared.TenantId}; the JOIN key is in {file} until {Print.Time(prepared.ExpiresAt)}. Next, on the tenant's machine: iot up tenant --env-file {file}"));
    }

    // The operator may have come over loopback or a tunnel; the tenant comes from elsewhere.
    private static Uri ProviderUrl(PreparedTenant prepared, Uri called) => prepared.ProviderUrl is { } url ? ServerAddress.Parse(url) : called;

    private static void Show(IAnsiConsole console, PreparedTenant prepared)
    {
        console.MarkupLineInterpolated($"[green]prepared[/] {prepared.TenantId} ({prepared.DisplayName}). The JOIN key, shown only now:");
        console.MarkupLineInterpolated($"\n    [bold]{prepared.JoinKey}[/]\n");
        console.MarkupLineInterpolated($"valid until {Print.Time(prepared.ExpiresAt)}");
        console.WriteLine(prepared.Hint);
    }
}

/// <summary>The env file a tenant boots from, 0600: it holds the JOIN key.</summary>
internal static class TenantEnvFile
{
    public static void Write(string path, Uri provider, string fingerprint, string tenantId, string joinKey, params (string Name, string Value)[] more)
    {
        var text = new StringBuilder("# First boot of a tenant stack: iot up tenant --env-file <this file>. Holds a secret until the tenant has joined.\n");
        foreach (var (name, value) in new[] { ("PROVIDER_URL", provider.AbsoluteUri.TrimEnd('/')), ("STEP_CA_FINGERPRINT", fingerprint), ("TENANT_ID", tenantId), ("JOIN_KEY", joinKey) }.Concat(more))
        {
            text.Append(name).Append('=').Append(value).Append('\n');
        }

        AtomicFile.WriteText(path, text.ToString(), AtomicFile.Secret);
    }
}
