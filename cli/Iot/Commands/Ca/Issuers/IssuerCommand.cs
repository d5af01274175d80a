using System.CommandLine;
using System.Text;
using IoTPlatform.Contracts.Certificates;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Issuers beside the stack's own, for provisioners to name.</summary>
internal static class IssuerCommand
{
    private static readonly Argument<string> Name = new("issuer") { Description = "Name of the issuer." };
    private static readonly Argument<string> Chain = new("chain") { Description = "PEM file: the issuer's certificate first, its root last." };
    private static readonly Argument<string> State = new("state") { Description = "issuing, renewing (nothing new) or retired (revocation lists and OCSP alone)." };
    private static readonly Option<string?> CommonName = new("--common-name") { Description = "Of its certificate; without, the name.", HelpName = "name" };
    private static readonly Option<int?> Days = new("--days") { Description = "How long its certificate lasts, where the stack's own root signs it; without, five years, and no longer than the root.", HelpName = "days" };

    public static Command Create() => Verb.Group(
        "issuer", "Issuers beside the stack's own: a provisioner that names one has its certificates signed by it (docs/issuers.md).",
        ["iot ca issuer create factory --common-name \"Factory CA\"", "iot ca provisioner update builds --issuer factory", "iot ca issuer list"],
        Verb.Create("list", "List the issuers, what they do, and the provisioners that name them.", ["iot ca issuer list", "iot ca issuer list --tenant", "iot ca issuer list --json"], ListAsync, [.. EitherOptions.All]),
        Verb.Create(
            "create", "Make an issuer. Where the stack's own root key is, it signs; else a request is printed, for another authority to sign (complete). Again for one that waits, its request again.",
            ["iot ca issuer create factory --common-name \"Factory CA\" --days 730", "iot ca issuer create factory > factory.csr", "iot ca issuer create factory --tenant"], CreateAsync, [Name, CommonName, Days, .. EitherOptions.All]),
        Verb.Create("complete", "Give an issuer that waits its certificate; it issues from then on.", ["iot ca issuer complete factory factory-chain.pem", "iot ca issuer complete factory chain.pem --tenant"], CompleteAsync, [Name, Chain, .. EitherOptions.All]),
        Verb.Create(
            "state", "Say what an issuer does. The provisioners of one that does not issue are disabled: no other signs in its place.",
            ["iot ca issuer state factory renewing", "iot ca issuer state factory retired --tenant"], StateAsync, [Name, State, .. EitherOptions.All]),
        Verb.Create(
            "remove", "Remove a retired issuer with its key, once no provisioner names it and its certificates have ended.", ["iot ca issuer remove factory --yes"], RemoveAsync, [Name, Confirm.Yes, .. EitherOptions.All]));

    private static Task<int> ListAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var issuers = (await server.ListIssuersAsync(cancellationToken)).Items;
        run.Terminal.Result(issuers, console => Print.Rows(
            console, issuers, "no issuers",
            ("NAME", i => i.Name), ("COMMON NAME", i => i.CommonName ?? ""), ("STATE", StateOf), ("KEY", i => i.HasKey ? "here" : "elsewhere"),
            ("UNTIL", i => Print.Time(i.NotAfter)), ("PROVISIONERS", i => string.Join(", ", i.Provisioners))));
        return ExitCode.Ok;
    }, cancellationToken);

    private static Task<int> CreateAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var issuer = await server.CreateIssuerAsync(new CreateIssuerRequest { Name = run.Get(Name), CommonName = run.Get(CommonName), Days = run.Get(Days) }, cancellationToken);
        run.Terminal.Result(issuer, console =>
        {
            if (issuer.Request is { } request)
            {
                // As it is, for a file.
                console.Write(new Text(request));
                run.Terminal.Remarks.MarkupLineInterpolated($"have it signed, then: iot ca issuer complete {issuer.Name} CHAIN");
            }
            else
            {
                Show(console, issuer);
            }
        });
        return ExitCode.Ok;
    }, cancellationToken);

    private static Task<int> CompleteAsync(Run run, CancellationToken cancellationToken)
    {
        var chain = Encoding.ASCII.GetString(ProvisionerFlags.Read(run.Get(Chain)));
        return Connect.ToEitherAsync(run, async server =>
        {
            var issuer = await server.CompleteIssuerAsync(run.Get(Name), new CompleteIssuerRequest { Chain = chain }, cancellationToken);
            run.Terminal.Result(issuer, console => Show(console, issuer));
            return ExitCode.Ok;
        }, cancellationToken);
    }

    private static Task<int> StateAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var issuer = await server.SetIssuerStateAsync(run.Get(Name), new IssuerStateRequest { State = run.Get(State) }, cancellationToken);
        run.Terminal.Result(issuer, console => Show(console, issuer));
        return ExitCode.Ok;
    }, cancellationToken);

    private static Task<int> RemoveAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        Confirm.Ask(run, $"Remove the issuer {run.Get(Name)} with its key?");
        await server.RemoveIssuerAsync(run.Get(Name), cancellationToken);
        run.Terminal.Result(new { Removed = run.Get(Name) }, console => console.MarkupLineInterpolated($"[green]removed[/] {run.Get(Name)}"));
        return ExitCode.Ok;
    }, cancellationToken);

    private static string StateOf(IssuerView issuer) => issuer.State + (issuer.CompromisedAt is null ? "" : ", compromised") + (issuer.Disabled is { } why ? $", disabled: {why}" : "");

    private static void Show(IAnsiConsole console, IssuerView issuer)
    {
        console.MarkupLineInterpolated($"[green]{issuer.State}[/] {issuer.Name} ({issuer.CommonName}) until {Print.Time(issuer.NotAfter)}");
        if (issuer.State != "issuing" && issuer.Provisioners.Count > 0)
        {
            console.MarkupLineInterpolated($"disabled with it: {string.Join(", ", issuer.Provisioners)}");
        }
    }
}
