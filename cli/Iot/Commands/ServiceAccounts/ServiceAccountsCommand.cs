using System.CommandLine;
using IoTPlatform.Contracts.Identity;
using IoTPlatform.Pki.Files;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class ServiceAccountsCommand
{
    public static Command Create() => Verb.Group(
        "service-accounts", "Programs that work with a server's API: each with credentials and a role of its own.",
        ["iot service-accounts add backup --role cdm-viewer --env-file backup.env", "iot service-accounts list"],
        ServiceAccountsAdd.Create(), ServiceAccountsList.Create(), ServiceAccountsRotate.Create(), ServiceAccountsRemove.Create());
}

internal static class ServiceAccountsAdd
{
    private static readonly Option<string> Role = new("--role") { Description = "cdm-viewer, cdm-operator or cdm-admin; no more than it needs.", DefaultValueFactory = _ => "cdm-viewer", HelpName = "role" };

    public static Command Create() => Verb.Create(
        "add", "Add a service account. It gets a secret, shown only now, or proves itself with a key that never leaves this machine.",
        ["iot service-accounts add backup --env-file backup.env", "iot service-accounts add deployer --role cdm-operator --key deployer.key --env-file deployer.env"],
        RunAsync, [ServiceAccountArguments.Name, Role, ServiceAccountOutput.Key, ServiceAccountOutput.EnvFile, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var request = new AddServiceAccountRequest { Name = run.Get(ServiceAccountArguments.Name), Roles = [run.Get(Role)!], PublicKey = ServiceAccountOutput.PublicKey(run) };
        ServiceAccountOutput.Write(run, await server.AddServiceAccountAsync(request, cancellationToken));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class ServiceAccountsList
{
    public static Command Create() => Verb.Create("list", "List the service accounts.", ["iot service-accounts list", "iot service-accounts list --json | jq -r '.[].name'"], RunAsync, EitherOptions.All);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var accounts = (await server.ListServiceAccountsAsync(cancellationToken)).Items;
        run.Terminal.Result(accounts, console => Print.Rows(
            console, accounts, "no service accounts",
            ("NAME", a => a.Name), ("ROLES", a => string.Join(' ', a.Roles)), ("BY", a => a.Authentication), ("CREATED", a => Print.Time(a.CreatedAt))));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class ServiceAccountsRotate
{
    public static Command Create() => Verb.Create(
        "rotate", "Give a service account another secret or key. The one before is worth nothing from then on.",
        ["iot service-accounts rotate backup --env-file backup.env"],
        RunAsync, [ServiceAccountArguments.Name, ServiceAccountOutput.Key, ServiceAccountOutput.EnvFile, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var request = new RotateServiceAccountRequest { PublicKey = ServiceAccountOutput.PublicKey(run) };
        ServiceAccountOutput.Write(run, await server.RotateServiceAccountAsync(run.Get(ServiceAccountArguments.Name), request, cancellationToken));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class ServiceAccountsRemove
{
    public static Command Create() => Verb.Create(
        "remove", "Remove a service account. Tokens that it has are good for five minutes at most.", ["iot service-accounts remove backup --yes"],
        RunAsync, [ServiceAccountArguments.Name, Confirm.Yes, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var name = run.Get(ServiceAccountArguments.Name);
        Confirm.Ask(run, $"Remove the service account {name}?");
        return Connect.ToEitherAsync(run, async server =>
        {
            await server.RemoveServiceAccountAsync(name, cancellationToken);
            run.Terminal.Result(new { Name = name }, console => console.MarkupLineInterpolated($"service account {name} is removed"));
            return ExitCode.Ok;
        }, cancellationToken);
    }
}

internal static class ServiceAccountArguments
{
    public static Argument<string> Name { get; } = new("name") { Description = "1 to 48 lower-case letters, digits and inner dashes." };
}

/// <summary>Credentials as a program takes them, and as <c>iot</c> itself does: in its environment.</summary>
internal static class ServiceAccountOutput
{
    public static Option<string?> Key { get; } = new("--key") { Description = "File with its private key (P-256 or P-384, PEM); made with mode 0600 when it is not there. Only the public key is sent.", HelpName = "file" };
    public static Option<string?> EnvFile { get; } = new("--env-file") { Description = "Write the credentials into this file (0600) instead of showing them.", HelpName = "file" };

    public static string? PublicKey(Run run)
    {
        if (run.Get(Key) is not { } file)
        {
            return null;
        }

        using var key = ClientKey.ReadOrCreate(file);
        return key.ExportSubjectPublicKeyInfoPem();
    }

    public static void Write(Run run, ServiceAccountCredentials credentials)
    {
        string[] lines =
        [
            $"{ServiceAccountLogin.Id}={credentials.ClientId}",
            credentials.ClientSecret is { } secret ? $"{ServiceAccountLogin.Secret}={secret}" : $"{ServiceAccountLogin.Key}={Path.GetFullPath(run.Get(Key)!)}",
        ];
        if (run.Get(EnvFile) is { } file)
        {
            AtomicFile.WriteText(file, string.Join('\n', lines) + "\n", AtomicFile.Secret);
            run.Terminal.Result(
                new { credentials.ClientId, credentials.TokenEndpoint, credentials.Scope, File = Path.GetFullPath(file) },
                console => console.MarkupLineInterpolated($"what {credentials.ClientId} logs in with is in {file}"));
            return;
        }

        run.Terminal.Result(credentials, console =>
        {
            foreach (var line in lines)
            {
                console.WriteLine(line);
            }

            console.WriteLine($"# token endpoint {credentials.TokenEndpoint}, scope {credentials.Scope}");
        });
    }
}
