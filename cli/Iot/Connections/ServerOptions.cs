using System.CommandLine;

namespace IoTPlatform.Iot;

/// <summary>How a command finds, trusts and logs in to a server. The options are the same objects for both stacks; their defaults are not.</summary>
internal sealed class ServerOptions
{
    private ServerOptions(Stack stack, string name, Uri defaultUrl)
    {
        Stack = stack;
        Name = name;
        DefaultUrl = defaultUrl;
        UrlVariable = $"IOT_{name.ToUpperInvariant()}_URL";
    }

    public static Option<string?> Url { get; } = new("--url") { Description = "The server's address. Else IOT_PROVIDER_URL (https://127.0.0.1:9443) or IOT_TENANT_URL (https://127.0.0.1:9543).", HelpName = "https://host:port" };
    public static Option<string?> Fingerprint { get; } = new("--fingerprint") { Description = "SHA-256 of the platform's root certificate. Else --root, the root in the data folder, or STEP_CA_FINGERPRINT.", HelpName = "hex" };
    public static Option<string?> Root { get; } = new("--root") { Description = "The platform's root certificate, PEM.", HelpName = "file" };
    public static Option<string?> TrustDomain { get; } = new("--trust-domain") { Description = "Which tenant has to answer: its SPIFFE trust domain. Else the tenant's in the data folder, or IOT_TRUST_DOMAIN.", HelpName = "tenant.platform-domain" };
    public static Option<string?> Data { get; } = new("--data") { Description = "Data folder of that server, if it is on this machine: its root certificate and operator key are used. Else IOT_DATA.", HelpName = "folder" };
    public static Option<string?> Profile { get; } = new("--profile") { Description = "Which log-in of 'iot login' to use. Else IOT_PROFILE, else 'default' (at a tenant 'tenant'), unless the command says otherwise as whom it logs in.", HelpName = "name" };

    public static ServerOptions Provider { get; } = new(Stack.Provider, "provider", new Uri("https://127.0.0.1:9443"));
    public static ServerOptions Tenant { get; } = new(Stack.Tenant, "tenant", new Uri("https://127.0.0.1:9543"));

    public Stack Stack { get; }

    /// <summary>provider or tenant: also the name of its default data folder.</summary>
    public string Name { get; }
    public Uri DefaultUrl { get; }
    public string UrlVariable { get; }

    /// <summary>To find and trust.</summary>
    public static Symbol[] Trust => [Url, Fingerprint, Root, TrustDomain, Data];

    /// <summary>To find, trust and log in.</summary>
    public static Symbol[] All => [.. Trust, Profile];
}

/// <summary>The options of commands that work against a provider or a tenant. --tenant chooses the defaults.</summary>
internal static class EitherOptions
{
    public static readonly Option<bool> Tenant = new("--tenant") { Description = "Ask a tenant instead of the provider (default address, data folder and IOT_TENANT_URL change with it)." };

    public static bool IsTenant(Run run) => run.Get(Tenant);

    public static ServerOptions Of(Run run) => IsTenant(run) ? ServerOptions.Tenant : ServerOptions.Provider;

    public static Symbol[] All => [Tenant, .. ServerOptions.All];
}

internal static class ServerAddress
{
    public static Uri Of(Run run, ServerOptions options) =>
        (run.Get(ServerOptions.Url) ?? run.Env(options.UrlVariable)) is { } text ? Parse(text) : options.DefaultUrl;

    public static Uri Parse(string text) =>
        Uri.TryCreate(text.Contains("://", StringComparison.Ordinal) ? text : "https://" + text, UriKind.Absolute, out var url) && url.Scheme == Uri.UriSchemeHttps
            ? url
            : throw CliException.Usage($"'{text}' is not an https address; write https://host:port");
}

internal enum Stack
{
    Provider,
    Tenant,
}
