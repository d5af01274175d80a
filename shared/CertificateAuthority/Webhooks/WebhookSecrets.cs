using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;

namespace IoTPlatform.CertificateAuthority.Webhooks;

/// <summary>Secrets of webhooks come in and are not shown again: a definition that is read, changed and sent back keeps those it does not name.</summary>
internal static class WebhookSecrets
{
    public static IReadOnlyList<string> Members { get; } = ["secret", "bearerToken", "basicAuth"];

    /// <param name="definition">As it is kept.</param>
    /// <param name="withOptions">Templates, their data and webhooks.</param>
    public static JsonElement Shown(string definition, bool withOptions)
    {
        var json = JsonNode.Parse(definition)!.AsObject();
        if (!withOptions)
        {
            json.Remove("options");
        }

        foreach (var webhook in WebhooksOf(json))
        {
            foreach (var member in Members)
            {
                webhook.Remove(member);
            }
        }

        return JsonElement.Parse(json.ToJsonString());
    }

    /// <summary>With the secrets that the stored one has for the same webhook: its id and address. Sent to another address, they would be told.</summary>
    /// <param name="wanted">From an administrator.</param>
    /// <param name="stored">Of the same name; null: there is none.</param>
    public static ProvisionerDefinition Restored(ProvisionerDefinition wanted, string? stored)
    {
        if (stored is null || wanted["options"] is null)
        {
            return wanted;
        }

        var json = JsonNode.Parse(wanted.ToJson())!;
        var known = WebhooksOf(JsonNode.Parse(stored)!).ToList();
        foreach (var webhook in WebhooksOf(json))
        {
            if (known.Find(one => IsSame(one, webhook)) is not { } same)
            {
                continue;
            }

            // One way to log in takes the place of another.
            var kept = webhook["bearerToken"] is null && webhook["basicAuth"] is null ? Members : ["secret"];
            foreach (var member in kept.Where(member => webhook[member] is null && same[member] is not null))
            {
                webhook[member] = same[member]!.DeepClone();
            }
        }

        return ProvisionerDefinition.Parse(json.ToJsonString());
    }

    /// <summary>The objects within the definition itself.</summary>
    public static IEnumerable<JsonObject> WebhooksOf(JsonNode definition) =>
        definition is JsonObject root && root["options"] is JsonObject options && options["webhooks"] is JsonArray webhooks ? webhooks.OfType<JsonObject>() : [];

    private static bool IsSame(JsonObject one, JsonObject other) =>
        string.Equals(one["id"]?.ToString(), other["id"]?.ToString(), StringComparison.Ordinal) && string.Equals(one["url"]?.ToString(), other["url"]?.ToString(), StringComparison.Ordinal);
}
