using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Which names are certified: by the authority at all, by one provisioner, or for one ACME account.</summary>
internal static class PolicyCommand
{
    private static readonly Argument<string[]> Rules = new("rule") { Description = "dns:*.example.com, ip:10.0.0.0/8, email:@example.com, uri:example.com or cn:name.", Arity = ArgumentArity.OneOrMore };
    private static readonly Argument<string> Wildcards = new("wildcards") { Description = "allow or deny." };
    private static readonly Option<string?> Provisioner = new("--provisioner") { Description = "This provisioner's policy; else the authority's, which holds for all.", HelpName = "name" };
    private static readonly Option<string?> KeyId = new("--eab-key-id") { Description = "The policy of the ACME account that this external account key is for; needs --provisioner.", HelpName = "id" };
    private static readonly Option<string?> KeyReference = new("--eab-key-reference") { Description = "The same, by the key's reference.", HelpName = "reference" };
    private static readonly Option<bool> Remove = new("--remove") { Description = "Take the rules out of the list." };

    public static Command Create() => Verb.Group(
        "policy", "Names that tokens and ACME orders get certificates for: what is denied is certified by none, and where anything is allowed, only that.",
        ["iot ca policy allow 'dns:*.example.com'", "iot ca policy deny dns:secret.example.com --provisioner web", "iot ca policy allow dns:shop.example.com --provisioner web --eab-key-reference customer-17", "iot ca policy view"],
        Verb.Create("view", "Print a policy, as step-ca's ca.json writes it.", ["iot ca policy view", "iot ca policy view --provisioner web --tenant", "iot ca policy view --provisioner web --eab-key-reference customer-17"], ViewAsync, [.. Scope, .. EitherOptions.All]),
        Verb.Create(
            "allow", "Allow names. With the first one, every other name is refused, of every kind.",
            [
                "iot ca policy allow 'dns:*.example.com' ip:10.0.0.0/8", "iot ca policy allow email:@example.com --provisioner staff",
                "iot ca policy allow 'dns:*.shop.example.com' --provisioner web --eab-key-reference customer-17", "iot ca policy allow ip:10.0.0.0/8 --remove",
            ],
            (run, cancellationToken) => ChangeRulesAsync(run, "allow", cancellationToken), [Rules, Remove, .. Scope, .. EitherOptions.All]),
        Verb.Create(
            "deny", "Deny names, whatever is allowed.",
            ["iot ca policy deny dns:secret.example.com", "iot ca policy deny dns:secret.example.com --remove --provisioner web", "iot ca policy deny ip:10.1.0.0/16 --provisioner web --eab-key-id 4qMfYz1rH3kLw8uVtXbNcE5sD2gJ7pA0"],
            (run, cancellationToken) => ChangeRulesAsync(run, "deny", cancellationToken), [Rules, Remove, .. Scope, .. EitherOptions.All]),
        Verb.Create(
            "wildcards", "Certify names such as *.example.com, or don't.",
            ["iot ca policy wildcards allow", "iot ca policy wildcards deny --provisioner web", "iot ca policy wildcards allow --provisioner web --eab-key-reference customer-17"],
            ChangeWildcardsAsync, [Wildcards, .. Scope, .. EitherOptions.All]),
        Verb.Create(
            "remove", "Remove a policy: every name is certified that nothing else forbids.",
            ["iot ca policy remove", "iot ca policy remove --provisioner web --yes", "iot ca policy remove --provisioner web --eab-key-reference customer-17 --yes"],
            RemoveAsync, [.. Scope, Confirm.Yes, .. EitherOptions.All]));

    private static IReadOnlyList<Symbol> Scope => [Provisioner, KeyId, KeyReference];

    private static Task<int> ViewAsync(Run run, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var policy = (await FindAsync(server, run, cancellationToken)).Policy ?? throw NoPolicy();
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
        Confirm.Ask(
            run,
            (run.Get(KeyId) ?? run.Get(KeyReference)) is { } key ? $"Remove the policy of the account of {key}?"
            : run.Get(Provisioner) is { } name ? $"Remove the policy of {name}?"
            : "Remove the authority's policy?");
        return Connect.ToEitherAsync(run, async server =>
        {
            var place = await FindAsync(server, run, cancellationToken);
            await (place.Policy is null ? throw NoPolicy() : place.SaveAsync(policy: null, cancellationToken));
            run.Terminal.Result(new { Status = "removed" }, console => console.MarkupLine("[green]removed[/]"));
            return ExitCode.Ok;
        }, cancellationToken);
    }

    private static Task<int> ChangeAsync(Run run, Action<JsonObject> change, CancellationToken cancellationToken) => Connect.ToEitherAsync(run, async server =>
    {
        var place = await FindAsync(server, run, cancellationToken);
        var policy = place.Policy ?? [];
        change(policy["x509"] as JsonObject ?? (JsonObject)(policy["x509"] = new JsonObject()));
        await place.SaveAsync(policy, cancellationToken);
        Print(run, policy);
        return ExitCode.Ok;
    }, cancellationToken);

    private static async Task<PolicyPlace> FindAsync(PlatformClient server, Run run, CancellationToken cancellationToken)
    {
        var (provisioner, keyId, reference) = (run.Get(Provisioner), run.Get(KeyId), run.Get(KeyReference));
        if (keyId is null && reference is null)
        {
            return await PolicyPlace.FindAsync(server, provisioner, cancellationToken);
        }

        if (provisioner is null || (keyId is not null && reference is not null))
        {
            throw CliException.Usage("an account's policy needs --provisioner, and one of --eab-key-id and --eab-key-reference");
        }

        keyId ??= (await server.ListExternalAccountKeysAsync(provisioner, cancellationToken)).Items.FirstOrDefault(key => key.Reference == reference)?.Id
            ?? throw new CliException(ExitCode.NotFound, "no_such_key", $"{provisioner} has no external account key with the reference {reference}");
        return await PolicyPlace.OfAccountAsync(server, provisioner, keyId, cancellationToken);
    }

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

    /// <param name="keyId">Of the external account key that the account is bound to, or will be.</param>
    public static async Task<PolicyPlace> OfAccountAsync(PlatformClient server, string provisioner, string keyId, CancellationToken cancellationToken)
    {
        var known = await server.GetAccountPolicyAsync(provisioner, keyId, cancellationToken);
        return new PolicyPlace(
            known.Policy is { } json ? JsonObject.Create(json) : null,
            (policy, token) => policy is null
                ? server.RemoveAccountPolicyAsync(provisioner, keyId, known.Version, token)
                : server.SaveAccountPolicyAsync(provisioner, keyId, ProvisionerDefinitions.Element(policy), known.Version, token));
    }
}

internal delegate Task PolicySaving(JsonObject? policy, CancellationToken cancellationToken);
