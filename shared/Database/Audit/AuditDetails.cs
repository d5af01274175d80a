using System.Text.Json.Nodes;

namespace IoTPlatform.Database;

/// <summary>Builds the JSON object of <see cref="AuditEntry.Details"/> from plain values.</summary>
public static class AuditDetails
{
    public static string Of(params ReadOnlySpan<(string Name, string? Value)> members)
    {
        var json = new JsonObject();
        foreach (var (name, value) in members)
        {
            json[name] = value;
        }

        return json.ToJsonString();
    }
}
