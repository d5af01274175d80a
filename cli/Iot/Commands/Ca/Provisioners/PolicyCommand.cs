using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Which names are certified: by the authority at all, or by one provisioner.</summary>
internal static class PolicyCommand
{
    private static readonly Argument<string[]> Rules = new("rule") { Description = "dns:*.example.com, ip:10.0.0.0/8, email:@example.com, uri:example.com or cn:name.", Arity = ArgumentArity.OneOrMore };
    private static readonly Argument<string> Wildcards = new("wildcards") { Description = "allow or deny." };
    private static readonly Option<string?> Provisioner = new("--provisioner") { Description = "This provisioner's policy; else the authority's, which holds for all.", HelpName = "name" };
    private static readonly Option<bool> Remove = new("--remove") { Description = "Take the rules out of the list." };

    public static Command Create() => Verb.Group(
        "policy", "Names that tokens and ACME orders get certificates for: what is denied is certified by none, and where anything is allowed, only that.",
        ["iot ca policy allow 'dns:*.example.com'", "iot ca policy deny dns:secret.example.com --provisioner web", "iot ca policy view"],
        Verb.Create("view", "Print a policy, as step-ca's ca.json writes it.", ["iot ca policy view", "iot ca policy view --provisioner web --tenant"], ViewAsync, [Provisioner, .. EitherOptions.All]),
        Verb.Create(
            "allow", "Allow names. With the first one, every other name is refused, of every kind.",
            ["iot ca policy allow 'dns:*.example.com' ip:10.0.0.0/8", "iot ca policy allow email:@example.com --provisioner staff", "iot ca policy allow ip:10.0.0.0/8 --remove"],
            (run, cancellationToken) => ChangeRulesAsync(run, "allow", cancellationToken), [Rules, Remove, Provisioner, .. EitherOptions.All]),
        Verb.Create(
            "deny", "Deny names, whatever is allowed.",
            ["iot ca policy deny dns:secret.example.com", "iot ca policy deny dns:secret.example.com --remove --provisioner web"],
            (run, cancellationToken) => ChangeRulesAsync(run, "deny", cancellationToken), [Rules, Remove, Provisioner, .. EitherOptions.All]),
        Verb.Create("wildcards", "Certify names such as *.example.com, or don't.", ["iot ca policy wildcards allow", "iot ca policy wildcards deny --provisioner web"], ChangeWildcardsAsync, [Wildcards, Provisioner, .. EitherOptions.All]),
        Verb.Create(
            "remove", "Remove a policy: every name is certified that nothing else forbids.",
            ["iot ca policy remove", "iot ca policy remove --provisioner web --yes"], RemoveAsync, [Provisioner, Confirm.Yes, .. EitherOptions.All]));

    private static Task<int> ViewAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var policy = (await PolicyPlace.FindAsync(server, run.Get(Provisioner), cancellationToken)).Policy ?? throw NoPolicy();
        Print(run, policy);
        return ExitCode.Ok;
    }, cancellationToken);

    private static Task<int> ChangeRulesAsync(Run run, string list, CancellationToken cancellationToken) => ChangeAsync(run, x509 =>
    {
        var names = x509[list] as JsonObject ?? (JsonObject)(x509[list] = new JsonObject());
        foreach (var (kind, given) in ProvisionerFlags.Rules(run.Get(Rules)) ?? [])
        {
            var texts = given!.AsArray().Select(rule => rule!.ToString()).ToList();
            var known = (names[kind] as JsonArray ?? []).Select(rule => rule!.ToString()).ToList();
            if (run.Get(Remove) && texts.Except(known, StringComparer.Ordinal).FirstOrDefault() is { } missing)
            {
                throw new CliException(ExitCode.NotFound, "no_such_rule", $"the list has no rule {kind}:{missing}");
            }

            names[kind] = new JsonArray([.. (run.Get(Remove) ? known.Except(texts, StringComparer.Ordinal) : known.Union(texts, StringComparer.Ordinal)).Select(rule => JsonValue.Create(rule))]);
            if (names[kind] is JsonArray { Count: 0 })
            {
                names.Remove(kind);
            }
        }

        // An empty list would allow nothing.
        if (names.Count == 0)
        {
            x509.Remove(list);
        }
    }, cancellationToken);

    private static Task<int> ChangeWildcardsAsync(Run run, CancellationToken cancellationToken) => ChangeAsync(run, x509 => x509["allowWildcardNames"] = run.Get(Wildcards) switch
    {
        "allow" => true,
        "deny" => false,
        var other => throw CliException.Usage($"'{other}' is neither allow nor deny"),
    }, cancellationToken);

    private static Task<int> RemoveAsync(Run run, CancellationToken cancellationToken)
    {
        Confirm.Ask(run, run.Get(Provisioner) is { } name ? $"Remove the policy of {name}?" : "Remove the authority's policy?");
        return Connect.ToEitherAsync(run, async server =>
        {
            var place = await PolicyPlace.FindAsync(server, run.Get(Provisioner), cancellationToken);
            await (place.Policy is null ? throw NoPolicy() : place.SaveAsync(policy: null, cancellationToken));
            run.Terminal.Result(new { Status = "removed" }, console => console.MarkupLine("[green]removed[/]"));
            return ExitCode.Ok;
        }, cancellationToken);
    }

    private static Task<int> ChangeAsync(Run run, Action<JsonObject> change, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var place = await PolicyPlace.FindAsync(server, run.Get(Provisioner), cancellationToken);
        var policy = place.Policy ?? [];
        change(policy["x509"] as JsonObject ?? (JsonObject)(policy["x509"] = new JsonObject()));
        await place.SaveAsync(policy, cancellationToken);
        Print(run, policy);
        return ExitCode.Ok;
    }, cancellationToken);

    private static void Print(Run run, JsonObject policy) => run.Terminal.Raw(policy.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");

    private static CliException NoPolicy() => new(ExitCode.NotFound, "no_policy", "there is no policy");
}

/// <summary>Where a policy is kept, with the version to replace.</summary>
/// <param name="Policy">Null: there is none.</param>
/// <param name="SaveAsync">Null removes it.</param>
internal sealed record PolicyPlace(JsonObject? Policy, PolicySaving SaveAsync)
{
    /// <param name="provisioner">Null: the authority's.</param>
    public static async Task<PolicyPlace> FindAsync(PlatformClient server, string? provisioner, CancellationToken cancellationToken)
    {
        if (provisioner is not null)
        {
            var (definition, version) = await ProvisionerDefinitions.FindAsync(server, provisioner, cancellationToken);
            return new PolicyPlace(definition["policy"]?.DeepClone().AsObject(), (policy, token) =>
            {
                definition["policy"] = policy;
                return server.SaveProvisionerAsync(provisioner, ProvisionerDefinitions.Element(definition), version, token);
            });
        }

        var known = await server.GetAuthorityPolicyAsync(cancellationToken);
        return new PolicyPlace(
            known.Policy is { } json ? JsonObject.Create(json) : null,
            (policy, token) => policy is null ? server.RemoveAuthorityPolicyAsync(known.Version, token) : server.SaveAuthorityPolicyAsync(ProvisionerDefinitions.Element(policy), known.Version, token));
    }
}

internal delegate Task PolicySaving(JsonObject? policy, CancellationToken cancellationToken);
