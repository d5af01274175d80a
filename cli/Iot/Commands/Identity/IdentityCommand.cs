using System.CommandLine;
using IoTPlatform.Contracts.Identity;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class IdentityCommand
{
    public static Command Create() => Verb.Group(
        "identity", "The provider's identity provider, and the tenants' clients there.", ["iot identity init", "iot identity federate acme --keycloak-url https://keycloak.acme.example"],
        IdentityInit.Create(), IdentityFederate.Create(), IdentityRotateSecret.Create(), IdentityRotateKeys.Create(), IdentityMove.Create());
}

internal static class IdentityInit
{
    private const string PasswordVariable = "KC_BOOTSTRAP_ADMIN_PASSWORD";
    private const string UsernameVariable = "KC_BOOTSTRAP_ADMIN_USERNAME";

    // A Keycloak that has just started takes its time over the first realm.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly Option<string?> Username = new("--keycloak-admin") { Description = $"An administrator of Keycloak; default {UsernameVariable}, then admin.", HelpName = "name" };
    private static readonly Option<string?> PasswordFile = new("--keycloak-password-file") { Description = $"File with the administrator's password in its first line; default {PasswordVariable}, then a prompt.", HelpName = "file" };
    private static readonly Option<string?> Realm = new("--keycloak-realm") { Description = "The realm this administrator is in; default master.", HelpName = "realm" };

    public static Command Create() => Verb.Create(
        "init", "Make the provider's realm, roles and clients at Keycloak, or put them right. The administrator's password is used for this once and kept nowhere.",
        ["iot identity init", "iot identity init --keycloak-admin admin --keycloak-password-file keycloak-password"],
        RunAsync, [Username, PasswordFile, Realm, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var request = new InitIdentityRequest
        {
            Username = run.Get(Username) ?? run.Env(UsernameVariable) ?? "admin",
            Password = run.Get(PasswordFile) is { } file ? Credentials.Read(file) : run.Env(PasswordVariable) ?? Credentials.Ask(run, "Password of the Keycloak administrator:", $"--keycloak-password-file or {PasswordVariable}"),
            Realm = run.Get(Realm),
        };
        var done = await provider.InitIdentityAsync(request, cancellationToken);
        run.Terminal.Result(done, console =>
        {
            foreach (var change in done.Changes)
            {
                console.MarkupLineInterpolated($"  {change}");
            }

            console.MarkupLineInterpolated($"[green]realm {done.Realm} is as it should be[/]; {done.Changes.Count} changes");
        });
        return ExitCode.Ok;
    }, cancellationToken, Patience);
}

internal static class IdentityFederate
{
    private static readonly Option<string> KeycloakUrl = new("--keycloak-url") { Description = "The tenant's Keycloak, as browsers reach it: https, without /realms.", HelpName = "url", Required = true };

    public static Command Create() => Verb.Create(
        "federate", "Configure the federation of a tenant that joined without a Keycloak, or whose Keycloak has moved.",
        ["iot identity federate acme --keycloak-url https://keycloak.acme.example"],
        RunAsync, [TenantArguments.Id, KeycloakUrl, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var credentials = await provider.ConfigureFederationAsync(run.Get(TenantArguments.Id), new() { KeycloakUrl = run.Get(KeycloakUrl)! }, cancellationToken);
        FederationOutput.Write(run, credentials);
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class IdentityRotateSecret
{
    public static Command Create() => Verb.Create(
        "rotate-secret", "Replace the client secret of a tenant's realm; staff cannot sign in there until the tenant has the new one.",
        ["iot identity rotate-secret acme"],
        RunAsync, [TenantArguments.Id, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        FederationOutput.Write(run, await provider.RotateFederationSecretAsync(run.Get(TenantArguments.Id), cancellationToken));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class IdentityRotateKeys
{
    public static Command Create() => Verb.Create(
        "rotate-keys", "Make a new signing key of the server's own issuer. Tokens signed before stay good until they end.",
        ["iot identity rotate-keys", "iot identity rotate-keys --tenant"],
        RunAsync, EitherOptions.All);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var rotated = await server.RotateIssuerKeysAsync(cancellationToken);
        run.Terminal.Result(rotated, console => console.WriteLine($"{rotated.KeyId} signs from {Print.Time(rotated.SignsFrom)}"));
        return ExitCode.Ok;
    }, cancellationToken);
}

/// <summary>What the tenant's realm needs, in the form of the tenant's <c>keycloak-federation.env</c>.</summary>
internal static class FederationOutput
{
    public static void Write(Run run, FederationCredentials credentials) => run.Terminal.Result(credentials, console =>
    {
        console.WriteLine($"CDM_IDP_CLIENT_ID={credentials.CdmIdpClientId}");
        console.WriteLine($"CDM_IDP_CLIENT_SECRET={credentials.CdmIdpClientSecret}");
        console.WriteLine($"CDM_DISCOVERY_URL={credentials.CdmDiscoveryUrl}");
    });
}
