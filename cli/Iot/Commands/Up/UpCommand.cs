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

/// <summary>A flag of <c>iot up</c> and the host's setting it becomes.</summary>
internal sealed record UpOption(Option<string?> Option, string Variable)
{
    /// <summary>Without a value.</summary>
    public static UpOption Switch(string flag, string variable, string description) =>
        new(new(flag) { Description = $"{description} ({variable})", Arity = ArgumentArity.Zero, CustomParser = static _ => "yes" }, variable);

    public static UpOption Of(string flag, string variable, string description) => new(new(flag) { Description = $"{description} ({variable})" }, variable);
}

internal static class UpOptions
{
    public const string ValidationListen = "IOT_VALIDATION_LISTEN";

    public static readonly UpOption EnvFile = UpOption.Of("--env-file", "IOT_ENV_FILE", "Settings as KEY=VALUE lines; flags and environment win over it.");

    public static readonly UpOption[] Common =
    [
        EnvFile,
        UpOption.Of("--data", "IOT_DATA", "Data folder."),
        UpOption.Of("--listen", "IOT_LISTEN", "Addresses to listen on, comma separated."),
        UpOption.Of("--names", "IOT_NAMES", "DNS names and addresses of the HTTPS certificate, comma separated."),
        UpOption.Of("--public-url", "IOT_PUBLIC_URL", "The address others reach it by."),
        UpOption.Of("--validation-listen", ValidationListen, "Where revocation lists and OCSP are served without TLS; certificates name it. Without it a port beside the HTTPS one, as 80 is beside 443: 9080 beside 9443. 'none' turns it off."),
        UpOption.Of("--ca-password-file", "STEP_CA_PASSWORD_FILE", "File with the password of the CA keys."),
        UpOption.Of("--restore", "IOT_RESTORE", "Fill the private database, which must be empty, from this file of pg_dump --format=custom."),
        UpOption.Switch("--i-lost-the-database", "IOT_I_LOST_THE_DATABASE", "Start on an empty database: what the old one knew is gone for good."),
    ];

    public static readonly UpOption[] ProviderOnly =
    [
        UpOption.Of("--platform-domain", "IOT_PLATFORM_DOMAIN", "The domain below which every tenant is a SPIFFE trust domain."),
        UpOption.Of("--replace-intermediate", "IOT_REPLACE_INTERMEDIATE", "For one start with the root key: compromised:SERIAL or superseded:SERIAL of the Intermediate CA that gives way to another one."),
    ];

    public static readonly UpOption[] TenantOnly =
    [
        UpOption.Of("--provider-url", "PROVIDER_URL", "The provider to join."),
        UpOption.Of("--fingerprint", "STEP_CA_FINGERPRINT", "SHA-256 of the platform's root certificate."),
        UpOption.Of("--tenant-id", "TENANT_ID", "The tenant's id; without a JOIN key it asks to be approved."),
        UpOption.Of("--keycloak-url", "KEYCLOAK_URL", "The tenant's own Keycloak."),
        UpOption.Of("--device-lifetime", "IOT_DEVICE_LIFETIME", "Lifetime of device certificates, for example 24h."),
        UpOption.Of("--wireguard-subnet", "IOT_WIREGUARD_SUBNET", "Subnet of the devices' WireGuard addresses."),
        UpOption.Of("--wireguard-endpoint", "IOT_WIREGUARD_ENDPOINT", "host:port devices reach WireGuard by."),
    ];
}
