using System.CommandLine;

namespace IoTPlatform.Iot;

internal static class IdentityFederate
{
    private static readonly Option<string> KeycloakUrl = new("--keycloak-url") { Description = "The tenant's Keycloak, as browsers reach it: https, without /realms.", HelpName = "url", Required = true };

    public static Command Create() => Verb.Create(
        "federate", "Configure the federation of a tenant that joined without a Keycloak, or whose Keycloak has moved.",
        ["iot identity federate acme --keycloak-url https://keycloak.acme.example"],
        RunAsync, [TenantArguments.Id, KeycloakUrl, .. ServerOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToProviderAsync(run, async (provider, _) =>
    {
        var credentials = await provider.ConfigureFederationAsync(run.Get(TenantArguments.Id), new() { KeycloakUrl = run.Get(KeycloakUrl)! }, cancellationToken).ConfigureAwait(false);
        FederationOutput.Write(run, credentials);
        return ExitCode.Ok;
    }, cancellationToken);
}
