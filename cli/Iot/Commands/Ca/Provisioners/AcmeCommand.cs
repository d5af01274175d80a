using System.CommandLine;
using IoTPlatform.Contracts.Certificates;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class AcmeCommand
{
    public static Command Create() => Verb.Group(
        "acme", "Who may have an account at an ACME provisioner.", ["iot ca acme eab add web customer-17"],
        Verb.Group(
            "eab", "Keys for external account binding (RFC 8555 7.3.4): each makes one account.",
            ["iot ca acme eab add web customer-17", "iot ca acme eab list web"],
            EabAdd.Create(), EabList.Create(), EabRemove.Create()));

    public static Argument<string> Provisioner { get; } = new("provisioner") { Description = "Name of the ACME provisioner." };
}

internal static class EabAdd
{
    private static readonly Argument<string> Reference = new("reference") { Description = "Your own word for whom it is.", DefaultValueFactory = _ => "" };

    public static Command Create() => Verb.Create(
        "add", "Make a key. Its secret is shown now and never again: the client takes both (certbot --eab-kid --eab-hmac-key, lego --kid --hmac).",
        ["iot ca acme eab add web customer-17", "iot ca acme eab add web --json > customer-17.json"], RunAsync, [AcmeCommand.Provisioner, Reference, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var key = await server.AddExternalAccountKeyAsync(run.Get(AcmeCommand.Provisioner), new AddExternalAccountKeyRequest { Reference = run.Get(Reference) is { Length: > 0 } reference ? reference : null }, cancellationToken);
        run.Terminal.Result(key, console =>
        {
            console.WriteLine($"Key ID       {key.Id}");
            console.WriteLine($"Provisioner  {key.Provisioner}");
            console.WriteLine($"HMAC key     {key.HmacKey}");
            console.WriteLine($"Reference    {key.Reference}");
        });
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class EabList
{
    public static Command Create() => Verb.Create(
        "list", "List the keys and the accounts that they have made, newest first.", ["iot ca acme eab list web"], RunAsync, [AcmeCommand.Provisioner, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var keys = (await server.ListExternalAccountKeysAsync(run.Get(AcmeCommand.Provisioner), cancellationToken)).Items;
        run.Terminal.Result(keys, console => Print.Rows(
            console, keys, "no keys",
            ("KEY ID", k => k.Id), ("REFERENCE", k => k.Reference ?? ""), ("CREATED", k => Print.Time(k.CreatedAt)),
            ("BOUND", k => k.BoundAt is { } at ? Print.Time(at) : ""), ("ACCOUNT", k => k.Account ?? ""), ("POLICY", k => k.HasPolicy ? "own" : "")));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class EabRemove
{
    private static readonly Argument<string> Id = new("key") { Description = "Id of the key." };

    public static Command Create() => Verb.Create(
        "remove", "Remove a key. An account that it made orders nothing more where a binding is required; what it has ends in its time.",
        ["iot ca acme eab remove web 4qMfYz1rH3kLw8uVtXbNcE5sD2gJ7pA0 --yes"], RunAsync, [AcmeCommand.Provisioner, Id, Confirm.Yes, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var id = run.Get(Id);
        Confirm.Ask(run, $"Remove the key {id}?");
        return Connect.ToEitherAsync(run, async server =>
        {
            await server.RemoveExternalAccountKeyAsync(run.Get(AcmeCommand.Provisioner), id, cancellationToken);
            run.Terminal.Result(new { Id = id, Status = "removed" }, console => console.MarkupLineInterpolated($"[green]removed[/] {id}"));
            return ExitCode.Ok;
        }, cancellationToken);
    }
}
