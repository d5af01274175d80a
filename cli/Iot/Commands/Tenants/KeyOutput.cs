using System.CommandLine;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Tenants;
using Spectre.Console;

namespace IoTPlatform.Iot;

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
            run.Terminal.Remarks.MarkupLineInterpolated($"PROVIDER_URL in {file} is {ProviderUrl(prepared, provider)}, which only this machine reaches. For tenants elsewhere start the provider with --public-url (IOT_PUBLIC_URL) and --names");
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
