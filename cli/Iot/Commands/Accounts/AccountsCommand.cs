using System.CommandLine;
using System.Security.Cryptography;
using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Pki.Files;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class AccountsCommand
{
    public static Command Create() => Verb.Group(
        "accounts", "The local accounts of a provider, or with --tenant of a tenant.",
        ["iot accounts add ada --role cdm-operator", "iot accounts list --tenant"],
        AccountsAdd.Create(), AccountsList.Create(), AccountsReset.Create(),
        Change("disable", "Disable an account and end its sessions.", (server, username, _, cancellationToken) => server.DisableAccountAsync(username, cancellationToken)),
        Change("enable", "Enable an account again.", (server, username, _, cancellationToken) => server.EnableAccountAsync(username, cancellationToken)),
        Change("roles", "Give an account another role; its sessions have it at once.", (server, username, run, cancellationToken) =>
            server.ChangeRolesAsync(username, new ChangeRolesRequest { Roles = [run.Get(AccountArguments.Role)!] }, cancellationToken), AccountArguments.Role),
        AccountsResetFactors.Create());

    private static Command Change(string name, string description, Func<Client.PlatformClient, string, Run, CancellationToken, Task> change, params Symbol[] more)
    {
        var options = more.Length == 0 ? "" : " --role cdm-viewer";
        return Verb.Create(name, description, [$"iot accounts {name} ada{options}"], (run, cancellationToken) => Connect.ToEitherAsync(run, async server =>
        {
            var username = run.Get(AccountArguments.Username);
            await change(server, username, run, cancellationToken);
            run.Terminal.Result(new { Username = username }, console => console.MarkupLineInterpolated($"{username}: done"));
            return ExitCode.Ok;
        }, cancellationToken), [AccountArguments.Username, .. more, .. EitherOptions.All]);
    }
}

internal static class AccountsAdd
{
    public static Command Create() => Verb.Create(
        "add", "Add an account. Its person chooses the password by a link that works once, for a day.", ["iot accounts add ada --role cdm-operator"],
        RunAsync, [AccountArguments.Username, AccountArguments.Role, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var request = new AddAccountRequest { Username = run.Get(AccountArguments.Username), Roles = [run.Get(AccountArguments.Role)!] };
        AccountArguments.Show(run, await server.AddAccountAsync(request, cancellationToken));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class AccountsList
{
    public static Command Create() => Verb.Create("list", "List the accounts.", ["iot accounts list", "iot accounts list --json | jq -r '.[].username'"], RunAsync, EitherOptions.All);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var accounts = (await server.ListAccountsAsync(cancellationToken)).Items;
        run.Terminal.Result(accounts, console => Print.Rows(
            console, accounts, "no accounts",
            ("NAME", a => a.Username), ("ROLES", a => string.Join(' ', a.Roles)), ("SECOND FACTORS", a => string.Join(' ', a.SecondFactors)), ("LAST LOG-IN", a => Print.Time(a.LastLogin)),
            ("DISABLED", a => Print.Time(a.DisabledAt)), ("LINK UNTIL", a => Print.Time(a.InvitedUntil)), ("CREATED", a => Print.Time(a.CreatedAt))));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class AccountsReset
{
    // 24 of 31 unambiguous characters: 118 bits.
    private const string Alphabet = "abcdefghjkmnpqrstuvwxyz23456789";
    private const int Length = 24;

    public static Command Create() => Verb.Create(
        "reset", "End an account's password and sessions, and get the link to another password.", ["iot accounts reset ada", "iot accounts reset admin --on-this-machine --data /var/lib/iotplatform/provider"],
        RunAsync, [AccountArguments.Username, AccountArguments.Here, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => run.Get(AccountArguments.Here) ? ReplaceAsync(run, cancellationToken) : Connect.ToEitherAsync(run, async server =>
    {
        AccountArguments.Show(run, await server.ResetAccountAsync(run.Get(AccountArguments.Username), cancellationToken));
        return ExitCode.Ok;
    }, cancellationToken);

    private static async Task<int> ReplaceAsync(Run run, CancellationToken cancellationToken)
    {
        var username = run.Get(AccountArguments.Username);
        var password = RandomNumberGenerator.GetString(Alphabet, Length);
        var stack = await AccountsHere.ChangeAsync(run, accounts => accounts.SetPasswordAsync(username, password, LocalDatabase.Actor, cancellationToken), cancellationToken);
        if (username != InitialAdmin.Username)
        {
            run.Terminal.Result(new { Username = username, Password = password }, console => console.MarkupLineInterpolated($"the password of {username}, shown only now: [bold]{password}[/]"));
            return ExitCode.Ok;
        }

        var file = Path.Combine(stack.Folder, InitialAdmin.PasswordFile);
        AtomicFile.WriteText(file, password, AtomicFile.Secret);
        run.Terminal.Result(new { Username = username, File = file }, console => console.MarkupLineInterpolated($"the password of {username} is in {file}"));
        return ExitCode.Ok;
    }
}

internal static class AccountsResetFactors
{
    public static Command Create() => Verb.Create(
        "reset-factors", "Remove an account's second factors and end its sessions: for a person who has lost them all.",
        ["iot accounts reset-factors ada", "iot accounts reset-factors admin --on-this-machine --data /var/lib/iotplatform/provider"],
        RunAsync, [AccountArguments.Username, AccountArguments.Here, .. EitherOptions.All]);

    private static async Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var username = run.Get(AccountArguments.Username);
        if (run.Get(AccountArguments.Here))
        {
            await AccountsHere.ChangeAsync(run, accounts => accounts.ResetFactorsAsync(username, LocalDatabase.Actor, cancellationToken), cancellationToken);
        }
        else
        {
            await Connect.ToEitherAsync(run, async server =>
            {
                await server.ResetFactorsAsync(username, cancellationToken);
                return ExitCode.Ok;
            }, cancellationToken);
        }

        run.Terminal.Result(new { Username = username }, console => console.MarkupLineInterpolated($"{username} signs in with the password alone again"));
        return ExitCode.Ok;
    }
}

/// <summary>Changes accounts through the data folder, with the stack running or not.</summary>
internal static class AccountsHere
{
    public static async Task<LocalStack> ChangeAsync(Run run, Func<AccountAdministration, Task> change, CancellationToken cancellationToken)
    {
        var options = EitherOptions.Of(run);
        var stack = LocalStack.Of(run, options).RequireKind(options);
        await using var database = await LocalDatabase.OpenAsync(run, stack, options.Name, cancellationToken);
        try
        {
            await change(AccountAdministration.Create(database.DataSource, run.Time));
            return stack;
        }
        catch (ProblemException e) when (e.Status == 404)
        {
            throw new CliException(ExitCode.NotFound, e.Code, e.Message, e);
        }
    }
}

internal static class AccountArguments
{
    public static Option<bool> Here { get; } = new("--on-this-machine") { Description = "Through the data folder, without a log-in: for what a lost administrator's password or second factor would open." };
    public static Argument<string> Username { get; } = new("username") { Description = "The account." };
    public static Option<string> Role { get; } = new("--role") { Description = "cdm-viewer, cdm-operator or cdm-admin.", DefaultValueFactory = _ => "cdm-viewer", HelpName = "role" };

    public static void Show(Run run, AccountInvitation invitation) => run.Terminal.Result(invitation, console =>
    {
        console.MarkupLineInterpolated($"{invitation.Username} chooses a password here, once, until {Print.Time(invitation.ExpiresAt)}:");
        console.WriteLine($"\n    {invitation.Url}\n");
    });
}
