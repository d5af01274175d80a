using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Client;
using IoTPlatform.Contracts.Certificates;

namespace IoTPlatform.Iot;

/// <summary>Takes over a step-ca's provisioners, of ca.json or, with remote management, of its database, and those who change them there.</summary>
/// <param name="server">Where they go.</param>
/// <param name="source">Path of ca.json.</param>
/// <param name="replace">Also provisioners whose names are taken here.</param>
/// <param name="issuer">That signs for them here; null: the stack's own.</param>
internal sealed class ProvisionerImport(PlatformClient server, string source, bool replace, string? issuer)
{
    /// <summary>Marks a definition that would lose one of two policies.</summary>
    private const string BothPolicies = "authority policy";
    private const string LeftOut = "left out";

    private readonly List<ImportOutcome> _outcomes = [];

    /// <summary>Those that are here for the same holders of credentials as at step-ca.</summary>
    private readonly HashSet<string> _taken = new(StringComparer.Ordinal);

    private IReadOnlyDictionary<string, JsonNode?>? _known;

    /// <summary>What came of each.</summary>
    public IReadOnlyList<ImportOutcome> Outcomes => _outcomes;

    /// <summary>Of step-ca's ACME provisioners, whether they came along or not.</summary>
    public AcmeProvisioners Acme { get; private set; } = new([], new Dictionary<string, string>());

    /// <param name="definitions">As ca.json has them.</param>
    /// <param name="authority">Its claims and its policy hold for all.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunAsync(IReadOnlyList<JsonObject> definitions, JsonObject authority, CancellationToken cancellationToken)
    {
        Acme = AcmeProvisioners.Of(definitions, new Dictionary<string, string>());
        foreach (var definition in definitions)
        {
            await ImportAsync(WithDefaults(definition, authority), cancellationToken);
        }

        if (Unsupported(authority) is { Count: > 0 } settings)
        {
            Tell("authority", "ca.json", LeftOut, $"not supported: {string.Join(", ", settings)}");
        }
    }

    /// <summary>Of a step-ca with remote management, which serves those of its database instead.</summary>
    /// <param name="configuration">The whole of ca.json.</param>
    /// <param name="unserved">Those of ca.json.</param>
    /// <param name="withAdmins">Its admins become admins here.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task RunManagedAsync(JsonObject configuration, IReadOnlyList<JsonObject> unserved, bool withAdmins, CancellationToken cancellationToken)
    {
        var authority = configuration["authority"]!.AsObject();
        try
        {
            var administration = await ReadAsync(configuration, authority, cancellationToken);
            var names = administration.Provisioners.ToDictionary(one => one.Id, one => one.Name, StringComparer.Ordinal);
            var whole = authority.DeepClone().AsObject();
            whole["policy"] = administration.Policy is { } policy ? await PolicyAsync(policy, cancellationToken) : null;
            var definitions = await DefinitionsAsync(administration.Provisioners, cancellationToken);
            await RunAsync(definitions, whole, cancellationToken);
            Acme = AcmeProvisioners.Of(definitions, names);
            foreach (var (name, type) in unserved.Select(one => (one["name"]?.ToString() ?? "", one["type"]?.ToString() ?? "")).Where(one => !names.ContainsValue(one.Item1)))
            {
                Tell(name, type, LeftOut, "step-ca does not serve it: with remote management (enableAdmin) its provisioners are those of the database");
            }

            foreach (var admin in administration.Admins)
            {
                await AddAdminAsync(admin, names.GetValueOrDefault(admin.ProvisionerId), withAdmins, cancellationToken);
            }
        }
        catch (CliException e) when (e.Code is "no_file" or "step_ca_database")
        {
            Tell("provisioners", "step-ca", LeftOut, e.Message);
        }
    }

    private async Task<StepCaAdministration> ReadAsync(JsonObject configuration, JsonObject authority, CancellationToken cancellationToken)
    {
        await using var tables = await StepCaDatabase.OpenAsync(configuration, TemplateFlags.FolderOf(source), cancellationToken);
        return await StepCaAdministration.ReadAsync(tables, authority, cancellationToken);
    }

    private async Task<IReadOnlyList<JsonObject>> DefinitionsAsync(IReadOnlyList<StepCaProvisioner> provisioners, CancellationToken cancellationToken)
    {
        var definitions = new List<JsonObject>();
        foreach (var provisioner in provisioners)
        {
            try
            {
                definitions.Add(JsonObject.Create(await server.TranslateProvisionerAsync(ProvisionerDefinitions.Element(provisioner.Linked), cancellationToken))!);
            }
            catch (ApiException e) when (IsRefusal(e))
            {
                Tell(provisioner.Name, "", LeftOut, e.Message);
            }
        }

        return definitions;
    }

    private async Task<JsonObject> PolicyAsync(JsonObject policy, CancellationToken cancellationToken)
    {
        try
        {
            return JsonObject.Create(await server.TranslatePolicyAsync(ProvisionerDefinitions.Element(policy), cancellationToken))!;
        }
        catch (ApiException e) when (IsRefusal(e))
        {
            throw StepCaDatabase.Refused($"the authority has a policy that is not understood: {e.Message}");
        }
    }

    /// <summary>A provisioner that only has the name is another's: whoever gets its certificates would be an admin.</summary>
    private async Task AddAdminAsync(StepCaAdmin admin, string? provisioner, bool isWanted, CancellationToken cancellationToken)
    {
        var type = admin.IsSuper ? "super admin" : "admin";
        if (provisioner is null || !_taken.Contains(provisioner))
        {
            Tell(admin.Subject, type, LeftOut, provisioner is null ? "its provisioner was removed" : $"its provisioner {provisioner} was left out");
            return;
        }

        if (!isWanted)
        {
            Tell(admin.Subject, type, LeftOut, "--admins makes step-ca's admins admins here");
            return;
        }

        try
        {
            await server.AddAdministratorAsync(new AddAdministratorRequest { Subject = admin.Subject, Provisioner = provisioner, Super = admin.IsSuper }, cancellationToken);
            Tell(admin.Subject, type, "added", reason: null);
        }
        catch (ApiException e) when (e.Code == "admin_exists")
        {
            Tell(admin.Subject, type, "was here", reason: null);
        }
        catch (ApiException e) when (IsRefusal(e))
        {
            Tell(admin.Subject, type, LeftOut, e.Message);
        }
    }

    private async Task ImportAsync(JsonObject definition, CancellationToken cancellationToken)
    {
        var (name, type) = (definition["name"]?.ToString() ?? "", definition["type"]?.ToString() ?? "");
        if (definition[BothPolicies] is not null)
        {
            Tell(name, type, LeftOut, "it has a policy and its authority has another; add it with one that says both");
            return;
        }

        try
        {
            TemplateFlags.Inline(definition, source);
            CloudFlags.Inline(definition, TemplateFlags.FolderOf(source));
            ProvisionerFlags.PutIssuer(definition, issuer);
            _known ??= (await server.ListProvisionersAsync(cancellationToken)).Items.ToDictionary(one => one.Name, one => one.Definition is { } stored ? JsonObject.Create(stored) : (JsonNode?)null, StringComparer.Ordinal);
            var isKnown = _known.TryGetValue(name, out var here);
            if (isKnown && !replace)
            {
                var isSame = IsSame(here, definition);
                Tell(name, type, isSame ? "was here" : LeftOut, isSame ? null : "the name is taken here; --replace replaces it");
                if (HasTheSameHolders(here, definition))
                {
                    _taken.Add(name);
                }

                return;
            }

            await server.SaveProvisionerAsync(name, ProvisionerDefinitions.Element(definition), cancellationToken: cancellationToken);
            _taken.Add(name);
            Tell(name, type, isKnown ? "replaced" : "added", reason: null);
        }
        catch (CliException e) when (e.Code is "no_file" or "file_elsewhere")
        {
            Tell(name, type, LeftOut, e.Message);
        }
        catch (ApiException e) when (IsRefusal(e))
        {
            Tell(name, type, LeftOut, e.Message);
        }
    }

    /// <summary>As step-ca has it. Who signs for it is for an operator here to say, unless it is said now.</summary>
    private bool IsSame(JsonNode? here, JsonObject definition)
    {
        var stored = here?.DeepClone() as JsonObject;
        if (issuer is null && stored?["options"] is JsonObject options && options.Remove("issuer") && options.Count == 0)
        {
            stored.Remove("options");
        }

        return JsonNode.DeepEquals(stored, definition);
    }

    /// <summary>Whether the same people and machines have its credentials; what they may have of it, operators have maybe changed since.</summary>
    internal static bool HasTheSameHolders(JsonNode? here, JsonObject definition)
    {
        var (stored, wanted) = (here?.DeepClone() as JsonObject, definition.DeepClone().AsObject());
        foreach (var member in new[] { "claims", "policy", "options" })
        {
            stored?.Remove(member);
            wanted.Remove(member);
        }

        return JsonNode.DeepEquals(stored, wanted);
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

    /// <summary>What the authority says beside what goes into its provisioners.</summary>
    internal static IReadOnlyList<string> Unsupported(JsonObject authority) =>
    [
        .. authority.Where(setting => setting.Key is not ("provisioners" or "claims" or "policy" or "enableAdmin" or "authorityId")
            && setting.Value is not (null or JsonObject { Count: 0 } or JsonArray { Count: 0 })
            // step-ca's defaults.
            && (setting.Key, setting.Value.ToString()) is not ((_, "" or "false") or ("backdate", "1m" or "1m0s") or ("type", "softcas" or "sas"))).Select(setting => setting.Key),
    ];

    private static bool IsRefusal(ApiException error) => error.Status is >= 400 and < 500 and not (401 or 403);

    private void Tell(string name, string type, string status, string? reason) => _outcomes.Add(new ImportOutcome(name, type, status, reason));
}

/// <param name="Name">Of what was to come along.</param>
/// <param name="Type">Its kind.</param>
/// <param name="Status">What came of it.</param>
/// <param name="Reason">Why it, or some of it, was left out; null: all came along.</param>
internal sealed record ImportOutcome(string Name, string Type, string Status, string? Reason);

/// <param name="Names">All of them.</param>
/// <param name="ById">Those of the database, by which ACME orders name them.</param>
internal sealed record AcmeProvisioners(IReadOnlyList<string> Names, IReadOnlyDictionary<string, string> ById)
{
    public static AcmeProvisioners Of(IEnumerable<JsonObject> definitions, IReadOnlyDictionary<string, string> byId) =>
        new([.. definitions.Where(one => one["type"]?.ToString() == "ACME").Select(one => one["name"]?.ToString()).OfType<string>()], byId);
}
