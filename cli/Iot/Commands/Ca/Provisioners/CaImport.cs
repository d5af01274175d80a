using System.CommandLine;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Takes over the provisioners of a step-ca. Its clients keep names, keys and passwords; the root they trust is the platform's from then on.</summary>
internal static class CaImport
{
    private static readonly Argument<string> Source = new("ca.json") { Description = "Configuration of a step-ca." };
    private static readonly Option<bool> Replace = new("--replace") { Description = "Also those whose names are taken here." };

    public static Command Create() => Verb.Create(
        "import", "Take over the provisioners of a step-ca's ca.json, with their keys, claims, policies and templates. What can't be taken over is told, with the reason; the rest is.",
        ["iot ca import ~/.step/config/ca.json", "iot ca import ca.json --tenant --replace"], RunAsync, [Source, Replace, .. EitherOptions.All]);

    /// <summary>Marks a definition that would lose one of two policies.</summary>
    private const string BothPolicies = "authority policy";

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var authority = ProvisionerDefinitions.Parse(run.Get(Source))["authority"] as JsonObject ?? throw CliException.Usage("the file has no \"authority\": it is no ca.json");
        var definitions = (authority["provisioners"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        if (definitions.Count == 0)
        {
            throw CliException.Usage("the file has no provisioners; those of a step-ca with remote management are in its database");
        }

        return Connect.ToEitherAsync(run, async server =>
        {
            var known = (await server.ListProvisionersAsync(cancellationToken)).Items.Select(provisioner => provisioner.Name).ToHashSet(StringComparer.Ordinal);
            var outcomes = new List<Outcome>();
            foreach (var definition in definitions)
            {
                outcomes.Add(await ImportAsync(server, WithDefaults(definition, authority), run.Get(Source), known, run.Get(Replace), cancellationToken));
            }

            run.Terminal.Result(outcomes, console => Print.Rows(console, outcomes, "nothing", ("NAME", o => o.Name), ("TYPE", o => o.Type), ("OUTCOME", o => o.Status), ("REASON", o => o.Reason ?? "")));
            return outcomes.TrueForAll(outcome => outcome.Reason is null) ? ExitCode.Ok : ExitCode.Failed;
        }, cancellationToken);
    }

    private static async Task<Outcome> ImportAsync(PlatformClient server, JsonObject definition, string source, IReadOnlySet<string> known, bool replace, CancellationToken cancellationToken)
    {
        var (name, type) = (definition["name"]?.ToString() ?? "", definition["type"]?.ToString() ?? "");
        if (known.Contains(name) && !replace)
        {
            return new Outcome(name, type, "left out", "the name is taken here; --replace replaces it");
        }

        if (definition[BothPolicies] is not null)
        {
            return new Outcome(name, type, "left out", "it has a policy and its authority has another; add it with one that says both");
        }

        try
        {
            TemplateFlags.Inline(definition, source);
            CloudFlags.Inline(definition, TemplateFlags.FolderOf(source));
            await server.SaveProvisionerAsync(name, ProvisionerDefinitions.Element(definition), cancellationToken: cancellationToken);
            return new Outcome(name, type, known.Contains(name) ? "replaced" : "added", Reason: null);
        }
        catch (CliException e) when (e.Code is "no_file" or "file_elsewhere")
        {
            return new Outcome(name, type, "left out", e.Message);
        }
        catch (ApiException e) when (e.Status is >= 400 and < 500 and not (401 or 403))
        {
            return new Outcome(name, type, "left out", e.Message);
        }
    }

    /// <summary>The authority's claims hold where a provisioner has none of its own; its policy holds for all.</summary>
    private static JsonObject WithDefaults(JsonObject definition, JsonObject authority)
    {
        var complete = definition.DeepClone().AsObject();
        if (authority["claims"] is JsonObject defaults)
        {
            var claims = defaults.DeepClone().AsObject();
            foreach (var (name, value) in complete["claims"] as JsonObject ?? [])
            {
                claims[name] = value?.DeepClone();
            }

            complete["claims"] = claims;
        }

        if (authority["policy"] is JsonObject policy)
        {
            complete[complete["policy"] is null ? "policy" : BothPolicies] = policy.DeepClone();
        }

        return complete;
    }

    private sealed record Outcome(string Name, string Type, string Status, string? Reason);
}
