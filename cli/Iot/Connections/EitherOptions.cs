using System.CommandLine;

namespace IoTPlatform.Iot;

/// <summary>The options of commands that work against a provider or a tenant. --tenant chooses the defaults.</summary>
internal static class EitherOptions
{
    public static readonly Option<bool> Tenant = new("--tenant") { Description = "Ask a tenant instead of the provider (default address, data folder and IOT_TENANT_URL change with it)." };

    public static bool IsTenant(Run run) => run.Get(Tenant);

    public static Symbol[] All => [Tenant, .. ServerOptions.All];
}
