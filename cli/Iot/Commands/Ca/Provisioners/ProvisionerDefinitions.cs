using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.Client;

namespace IoTPlatform.Iot;

/// <summary>Definitions as JSON that can be changed.</summary>
internal static class ProvisionerDefinitions
{
    /// <summary>With the version to replace: a change of another administrator in between is told, and not lost.</summary>
    public static async Task<(JsonObject Definition, long? Version)> FindAsync(PlatformClient server, string name, CancellationToken cancellationToken)
    {
        var known = (await server.ListProvisionersAsync(cancellationToken)).Items.FirstOrDefault(provisioner => provisioner.Name == name)
            ?? throw new CliException(ExitCode.NotFound, "no_such_provisioner", $"there is no provisioner {name}; iot ca provisioner list");
        return known.Definition is { } definition
            ? (JsonObject.Create(definition)!, known.Version)
            : throw new CliException(ExitCode.Failed, "built_in", $"the provisioner {name} is a setting of the host (IOT_ACME); docs/acme.md");
    }

    public static JsonObject Parse(string file)
    {
        try
        {
            return JsonNode.Parse(ProvisionerFlags.Read(file), documentOptions: new JsonDocumentOptions { AllowDuplicateProperties = false }) as JsonObject
                ?? throw CliException.Usage($"{file} has no JSON object");
        }
        catch (JsonException e)
        {
            throw new CliException(ExitCode.Usage, "bad_json", $"{file} is no JSON: {e.Message}", e);
        }
    }

    public static JsonElement Element(JsonObject definition) => JsonElement.Parse(definition.ToJsonString());
}
