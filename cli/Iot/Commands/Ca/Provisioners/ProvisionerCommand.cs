using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Contracts;
using Spectre.Console;

namespace IoTPlatform.Iot;

internal static class ProvisionerCommand
{
    public static Command Create() => Verb.Group(
        "provisioner", "Ways to get certificates: keys, certificates and identity providers whose tokens buy one.",
        ["iot ca provisioner list", "iot ca provisioner add fleet --type X5C --x5c-root manufacturer.pem --x509-max-dur 720h"],
        ProvisionerList.Create(), ProvisionerShow.Create(), ProvisionerAdd.Create(), ProvisionerUpdate.Create(), ProvisionerRemove.Create(), WebhookCommand.Create());

    public static Argument<string> Name { get; } = new("name") { Description = "Name of the provisioner." };
}

internal static class ProvisionerList
{
    public static Command Create() => Verb.Create(
        "list", "List the provisioners, also those that are disabled, with the reason.", ["iot ca provisioner list", "iot ca provisioner list --tenant --json"], RunAsync, [.. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var provisioners = (await server.ListProvisionersAsync(cancellationToken)).Items;
        run.Terminal.Result(provisioners, console => Print.Rows(
            console, provisioners, "no provisioners",
            ("NAME", p => p.Name), ("TYPE", p => p.Type), ("STATE", p => p.Disabled is null ? "serves" : "disabled"),
            ("CHANGED", p => p.ChangedAt is { } at ? Print.Time(at) : "a setting"), ("REASON", p => p.Disabled ?? "")));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class ProvisionerShow
{
    public static Command Create() => Verb.Create(
        "show", "Print a provisioner's definition, as step-ca's ca.json writes it.", ["iot ca provisioner show fleet > fleet.json"], RunAsync, [ProvisionerCommand.Name, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var (definition, _) = await ProvisionerDefinitions.FindAsync(server, run.Get(ProvisionerCommand.Name), cancellationToken);
        run.Terminal.Raw(definition.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class ProvisionerAdd
{
    private static readonly Option<string?> Type = new("--type") { Description = "JWK, X5C, OIDC, ACME, K8sSA, AWS, GCP or Azure.", HelpName = "type" };
    private static readonly Option<string?> Definition = new("--file") { Description = "Its definition as step-ca's ca.json writes it; flags go on top.", HelpName = "file" };

    public static Command Create() => Verb.Create(
        "add", "Add a provisioner. It serves in every process of the stack at once.",
        [
            "iot ca provisioner add builds --create --provisioner-password-file builds-password",
            "iot ca provisioner add fleet --type X5C --x5c-root manufacturer.pem --allow 'dns:*.fleet.example'",
            "iot ca provisioner add staff --type OIDC --client-id step --configuration-endpoint https://login.example/.well-known/openid-configuration --domain example.com",
            "iot ca provisioner add web --type ACME --require-eab --allow 'dns:*.example.com'",
            "iot ca provisioner add amazon --type AWS --aws-account 123456789042 --instance-age 1h",
        ],
        RunAsync, [ProvisionerCommand.Name, Type, Definition, .. ProvisionerFlags.All, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var name = run.Get(ProvisionerCommand.Name);
        var definition = run.Get(Definition) is { } file ? ProvisionerDefinitions.Parse(file) : [];
        definition["name"] = name;
        if (run.Get(Type) is { } type)
        {
            definition["type"] = type.ToUpperInvariant() switch { "K8SSA" => "K8sSA", "AZURE" => "Azure", var other => other };
        }

        definition["type"] ??= "JWK";
        ProvisionerFlags.Apply(run, definition);
        return Connect.ToEitherAsync(run, async server =>
        {
            if ((await server.ListProvisionersAsync(cancellationToken)).Items.Any(known => known.Name == name))
            {
                throw new CliException(ExitCode.Failed, "exists", $"there is a provisioner {name}; iot ca provisioner update changes it");
            }

            await server.SaveProvisionerAsync(name, ProvisionerDefinitions.Element(definition), replaces: 0, cancellationToken);
            run.Terminal.Result(new { Name = name, Status = "added" }, console => console.MarkupLineInterpolated($"[green]added[/] {name}"));
            return ExitCode.Ok;
        }, cancellationToken);
    }
}

internal static class ProvisionerUpdate
{
    public static Command Create() => Verb.Create(
        "update", "Change what is given of a provisioner; the rest stays.",
        ["iot ca provisioner update iot-bridge --x509-max-dur 72h", "iot ca provisioner update fleet --disable-renewal", "iot ca provisioner update builds --create --provisioner-password-file new-password"],
        RunAsync, [ProvisionerCommand.Name, .. ProvisionerFlags.All, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var name = run.Get(ProvisionerCommand.Name);
        var (definition, version) = await ProvisionerDefinitions.FindAsync(server, name, cancellationToken);
        ProvisionerFlags.Apply(run, definition);
        await server.SaveProvisionerAsync(name, ProvisionerDefinitions.Element(definition), version, cancellationToken);
        run.Terminal.Result(new { Name = name, Status = "changed" }, console => console.MarkupLineInterpolated($"[green]changed[/] {name}"));
        return ExitCode.Ok;
    }, cancellationToken);
}

internal static class ProvisionerRemove
{
    public static Command Create() => Verb.Create(
        "remove", "Remove a provisioner. Its tokens buy nothing from now on, and what it has given out is not renewed: it ends in its time.",
        ["iot ca provisioner remove fleet", "iot ca provisioner remove fleet --yes"], RunAsync, [ProvisionerCommand.Name, Confirm.Yes, .. EitherOptions.All]);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var name = run.Get(ProvisionerCommand.Name);
        if (!run.Get(Confirm.Yes) && Confirm.AskForName(run, $"Type the provisioner's name to remove it:", "--yes") != name)
        {
            throw CliException.Usage("that is not its name; nothing was removed");
        }

        await server.RemoveProvisionerAsync(name, cancellationToken);
        run.Terminal.Result(new { Name = name, Status = "removed" }, console => console.MarkupLineInterpolated($"[green]removed[/] {name}"));
        return ExitCode.Ok;
    }, cancellationToken);
}
