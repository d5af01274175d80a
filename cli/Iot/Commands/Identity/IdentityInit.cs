using System.CommandLine;
using IoTPlatform.Contracts.Identity;
using Spectre.Console;

namespace IoTPlatform.Iot;

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
        var done = await provider.InitIdentityAsync(request, cancellationToken).ConfigureAwait(false);
        run.Terminal.Result(done, console =>
        {
            foreach (var change in done.Changes)
                console.MarkupLineInterpolated($"  {change}");
            console.MarkupLineInterpolated($"[green]realm {done.Realm} is as it should be[/]; {done.Changes.Count} changes");
        });
        return ExitCode.Ok;
    }, cancellationToken, Patience);
}
