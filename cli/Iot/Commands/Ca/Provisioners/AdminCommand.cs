using System.CommandLine;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Who changes provisioners with a certificate: over step-ca's administration API, as <c>step ca provisioner</c> and <c>step ca admin</c> do.</summary>
internal static class AdminCommand
{
    private static readonly Argument<string> Subject = new("subject") { Description = "Common name, DNS name or e-mail address of the certificate." };
    private static readonly Argument<string> Provisioner = new("provisioner") { Description = "Provisioner that the certificate is of." };
    private static readonly Option<bool> Super = new("--super") { Description = "A super admin, who changes admins, too." };
    private static readonly Option<bool> NotSuper = new("--no-super") { Description = "An admin who changes provisioners alone." };
    private static readonly Option<string?> Of = new("--provisioner") { Description = "Provisioner that the certificate is of, where several admins have the subject.", HelpName = "name" };

    public static Command Create() => Verb.Group(
        "admin", "Admins: who changes provisioners over step-ca's administration API, with a certificate of a provisioner (docs/admin-api.md).",
        ["iot ca admin add step iot-bridge --super", "iot ca admin list"],
        Verb.Create(
            "add", "Make whoever gets a certificate of this name, by this provisioner, an admin. It counts in every process at once.",
            ["iot ca admin add step iot-bridge --super", "iot ca admin add anna@example.com staff"], AddAsync, [Subject, Provisioner, Super, .. EitherOptions.All]),
        Verb.Create("list", "List the admins.", ["iot ca admin list", "iot ca admin list --tenant --json"], ListAsync, [.. EitherOptions.All]),
        Verb.Create(
            "update", "Make an admin a super admin, or a super admin an admin. The last super admin stays one.",
            ["iot ca admin update anna@example.com --super", "iot ca admin update step --no-super --provisioner iot-bridge"], UpdateAsync, [Subject, Super, NotSuper, Of, .. EitherOptions.All]),
        Verb.Create(
            "remove", "Remove an admin. Its certificates are good for everything else. The last super admin goes last of all, and the administration API is closed then.",
            ["iot ca admin remove anna@example.com", "iot ca admin remove step --provisioner iot-bridge --yes"], RemoveAsync, [Subject, Of, Confirm.Yes, .. EitherOptions.All]));

    private static Task<int> AddAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var added = await server.AddAdministratorAsync(
            new AddAdministratorRequest { Subject = run.Get(Subject), Provisioner = run.Get(Provisioner), Super = run.Get(Super) }, cancellationToken);
        Show(run, [added]);
        return ExitCode.Ok;
    }, cancellationToken);

    private static Task<int> ListAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        Show(run, (await server.ListAdministratorsAsync(cancellationToken)).Items);
        return ExitCode.Ok;
    }, cancellationToken);

    private static Task<int> UpdateAsync(Run run, CancellationToken cancellationToken)
    {
        if (run.Get(Super) == run.Get(NotSuper))
        {
            throw CliException.Usage("give --super or --no-super");
        }

        return Connect.ToEitherAsync(run, async server =>
        {
            var known = await FindAsync(run, server, cancellationToken);
            Show(run, [await server.ChangeAdministratorAsync(known.Id, new ChangeAdministratorRequest { Super = run.Get(Super) }, cancellationToken)]);
            return ExitCode.Ok;
        }, cancellationToken);
    }

    private static Task<int> RemoveAsync(Run run, CancellationToken cancellationToken)
    {
        Confirm.Ask(run, $"Remove the admin {run.Get(Subject)}?");
        return Connect.ToEitherAsync(run, async server =>
        {
            var known = await FindAsync(run, server, cancellationToken);
            await server.RemoveAdministratorAsync(known.Id, cancellationToken);
            run.Terminal.Result(new { known.Subject, known.Provisioner, Status = "removed" }, console => console.MarkupLineInterpolated($"[green]removed[/] {known.Subject} of {known.Provisioner}"));
            return ExitCode.Ok;
        }, cancellationToken);
    }

    private static async Task<AdministratorView> FindAsync(Run run, PlatformClient server, CancellationToken cancellationToken)
    {
        var (subject, provisioner) = (run.Get(Subject), run.Get(Of));
        return (await server.ListAdministratorsAsync(cancellationToken)).Items.Where(one => one.Subject == subject && (provisioner is null || one.Provisioner == provisioner)).ToList() switch
        {
            [var one] => one,
            [] => throw new CliException(ExitCode.NotFound, "no_such_admin", $"there is no admin {subject}; iot ca admin list"),
            _ => throw CliException.Usage($"several provisioners have an admin {subject}; say which with --provisioner"),
        };
    }

    private static void Show(Run run, IReadOnlyList<AdministratorView> admins) => run.Terminal.Result(admins, console => Print.Rows(
        console, admins, "no admins: the administration API is closed",
        ("SUBJECT", a => a.Subject), ("PROVISIONER", a => a.Provisioner), ("TYPE", a => a.Super ? "SUPER_ADMIN" : "ADMIN"), ("SINCE", a => Print.Time(a.CreatedAt))));
}
