using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Webhooks of a provisioner: members of its definition, whose secrets the server does not show again.</summary>
internal static class WebhookCommand
{
    private const int SecretBytes = 64;

    private static readonly Argument<string> Webhook = new("webhook") { Description = "Name of the webhook; a template has its answer as .Webhooks.NAME." };
    private static readonly Option<string?> Url = new("--webhook-url") { Description = "Its https address. Another address gets a new secret.", HelpName = "url" };
    private static readonly Option<string?> Kind = new("--kind") { Description = "ENRICHING (the default) or AUTHORIZING.", HelpName = "kind" };
    private static readonly Option<string?> BearerToken = new("--bearer-token-file") { Description = "File with a token for the header Authorization; '-' for stdin.", HelpName = "file" };
    private static readonly Option<string?> User = new("--basic-auth-username") { Description = "User name for the header Authorization.", HelpName = "name" };
    private static readonly Option<string?> Password = new("--basic-auth-password-file") { Description = "File with the user's password; '-' for stdin.", HelpName = "file" };
    private static readonly Option<bool?> WithoutCertificate = new("--disable-tls-client-auth") { Description = "Don't show the host's certificate to it.", HelpName = "bool", Arity = ArgumentArity.ZeroOrOne };

    public static Command Create() => Verb.Group(
        "webhook", "Services that are asked before a provisioner's certificates are signed.",
        ["iot ca provisioner webhook add devices inventory --webhook-url https://inventory.example/device", "iot ca provisioner webhook remove devices inventory"],
        Verb.Create(
            "add", "Add a webhook. Its id and secret are shown once.",
            ["iot ca provisioner webhook add devices inventory --webhook-url https://inventory.example/device", "iot ca provisioner webhook add devices approval --kind AUTHORIZING --webhook-url https://approval.example/sign --bearer-token-file token"],
            AddAsync, [ProvisionerCommand.Name, Webhook, Kind, .. Members, .. EitherOptions.All]),
        Verb.Create(
            "update", "Change what is given of a webhook; the rest stays.",
            ["iot ca provisioner webhook update devices inventory --webhook-url https://inventory.example/v2"],
            UpdateAsync, [ProvisionerCommand.Name, Webhook, .. Members, .. EitherOptions.All]),
        Verb.Create(
            "remove", "Remove a webhook: it is asked no more.", ["iot ca provisioner webhook remove devices inventory"], RemoveAsync, [ProvisionerCommand.Name, Webhook, .. EitherOptions.All]));

    private static IReadOnlyList<Symbol> Members => [Url, BearerToken, User, Password, WithoutCertificate];

    private static Task<int> AddAsync(Run run, CancellationToken cancellationToken) => ChangeAsync(run, (webhooks, name) =>
    {
        if (Find(webhooks, name) is not null)
        {
            throw new CliException(ExitCode.Failed, "exists", $"there is a webhook {name}; iot ca provisioner webhook update changes it");
        }

        var webhook = new JsonObject { ["id"] = Guid.NewGuid().ToString(), ["name"] = name, ["kind"] = (run.Get(Kind) ?? "ENRICHING").ToUpperInvariant(), ["certType"] = "X509" };
        webhook["url"] = run.Get(Url) ?? throw CliException.Usage("--webhook-url is missing");
        Apply(run, webhook);
        webhooks.Add(webhook);
        return NewSecret(webhook);
    }, cancellationToken);

    private static Task<int> UpdateAsync(Run run, CancellationToken cancellationToken) => ChangeAsync(run, (webhooks, name) =>
    {
        var webhook = Find(webhooks, name) ?? throw NotFound(name);
        var isElsewhere = run.Get(Url) is { } url && url != webhook["url"]?.ToString();
        webhook["url"] = run.Get(Url) ?? webhook["url"]!.ToString();
        Apply(run, webhook);
        return isElsewhere ? NewSecret(webhook) : null;
    }, cancellationToken);

    private static Task<int> RemoveAsync(Run run, CancellationToken cancellationToken) => ChangeAsync(run, (webhooks, name) =>
    {
        webhooks.Remove(Find(webhooks, name) ?? throw NotFound(name));
        return null;
    }, cancellationToken);

    /// <param name="run">The command.</param>
    /// <param name="change">Answers the webhook whose secret is to be shown; null: none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    private static Task<int> ChangeAsync(Run run, Func<JsonArray, string, JsonObject?> change, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var (name, provisioner) = (run.Get(Webhook), run.Get(ProvisionerCommand.Name));
        var (definition, version) = await ProvisionerDefinitions.FindAsync(server, provisioner, cancellationToken);
        var options = (definition["options"] as JsonObject)?.DeepClone().AsObject() ?? [];
        var webhooks = (options["webhooks"] as JsonArray)?.DeepClone().AsArray() ?? [];
        var shown = change(webhooks, name);
        var (id, secret) = (shown?["id"]?.ToString(), shown?["secret"]?.ToString());
        options["webhooks"] = webhooks;
        definition["options"] = options;
        await server.SaveProvisionerAsync(provisioner, ProvisionerDefinitions.Element(definition), version, cancellationToken);
        run.Terminal.Result(new { Name = name, Id = id, Secret = secret }, console =>
        {
            console.MarkupLineInterpolated($"[green]changed[/] {name} of {provisioner}");
            if (secret is not null)
            {
                console.WriteLine($"WEBHOOK ID      {id}");
                console.WriteLine($"WEBHOOK SECRET  {secret}");
            }
        });
        return ExitCode.Ok;
    }, cancellationToken);

    private static void Apply(Run run, JsonObject webhook)
    {
        if (run.Get(BearerToken) is { } bearer)
        {
            webhook["bearerToken"] = Credentials.Read(bearer);
        }

        if (run.Get(User) is { } user)
        {
            webhook["basicAuth"] = new JsonObject { ["username"] = user, ["password"] = run.Get(Password) is { } file ? Credentials.Read(file) : "" };
        }

        if (run.Get(WithoutCertificate) is { } without)
        {
            webhook["disableTLSClientAuth"] = without;
        }
    }

    private static JsonObject NewSecret(JsonObject webhook)
    {
        webhook["secret"] = Convert.ToBase64String(RandomNumberGenerator.GetBytes(SecretBytes));
        return webhook;
    }

    private static JsonObject? Find(JsonArray webhooks, string name) => webhooks.OfType<JsonObject>().FirstOrDefault(webhook => webhook["name"]?.ToString() == name);

    private static CliException NotFound(string name) => new(ExitCode.NotFound, "no_such_webhook", $"there is no webhook {name}; iot ca provisioner show");
}
