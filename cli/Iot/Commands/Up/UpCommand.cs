using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class UpCommand
{
    public static Command Create() => Verb.Group(
        "up", "Run a provider or a tenant in the foreground until Ctrl-C.", ["iot up provider", "iot up tenant --env-file acme.env"],
        UpStack.Create(
            Stack.Provider, "Run a provider: Root and Intermediate CA, JOIN, the API.",
            ["iot up provider", "iot up provider --data ./provider --listen https://0.0.0.0:9443 --names provider.example --public-url https://provider.example:9443"],
            UpOptions.ProviderOnly),
        UpStack.Create(
            Stack.Tenant, "Run a tenant; the first boot joins the provider. The JOIN key comes from the env file or JOIN_KEY, never from the command line.",
            ["iot up tenant --env-file acme.env", "JOIN_KEY=XXXX-YYYY-ZZZZ-WWWW iot up tenant --provider-url https://provider.example:9443 --fingerprint HEX"],
            UpOptions.TenantOnly));
}
