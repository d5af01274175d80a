using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Webhooks;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>
/// A provisioner as the administration API writes it, and as ca.json does. Its id here is its name, and its <c>createdAt</c> the moment it was last written: who sends another one back has read
/// what is there no more.
/// </summary>
internal static class LinkedProvisioner
{
    /// <summary>step-ca's, of an authority that is not hosted by others.</summary>
    public const string AuthorityId = "00000000-0000-0000-0000-000000000000";

    private static readonly string[] OfAll = ["type", "name", "claims", "options", "policy"];

    /// <param name="json">The whole body.</param>
    /// <param name="stored">Of that name; null: there is none. What the API has no words for stays as it says.</param>
    /// <param name="readAt">The <c>createdAt</c> that was sent.</param>
    public static ProvisionerDefinition Read(LinkedJson json, string? stored, out DateTimeOffset? readAt)
    {
        var type = json.OneOf("type", LinkedDetails.Types) ?? throw AdminException.BadRequest("provisioner does not have a type");
        var shape = LinkedDetails.Of(type) ?? throw ProvisionerDefinition.Refused($"the type {type} is not supported.");
        var definition = new JsonObject { ["type"] = type, ["name"] = json.Text("name") ?? throw AdminException.BadRequest("provisioner name cannot be empty") };
        json.Ignore("id", "authorityId", "deletedAt");
        readAt = json.Time("createdAt");
        var details = json.Object("details")?.Object(shape.Name) ?? throw AdminException.BadRequest("provisioner does not have any details");
        foreach (var field in shape.Fields)
        {
            definition.With(field.Stored, field.Read(details));
        }

        details.RequireEmpty();
        definition.With("claims", json.Object("claims") is { } claims ? LinkedClaims.Read(claims) : null);
        definition.With("policy", json.Object("policy") is { } policy ? LinkedPolicy.Read(policy) : null);
        definition.With("options", new JsonObject()
            .With("x509", Template(json.Object("x509Template")))
            .With("ssh", Template(json.Object("sshTemplate")))
            .With("webhooks", new JsonArray([.. json.Objects("webhooks").Select(LinkedWebhook.Read)]))
            .With("inventory", OptionOf(stored, "inventory")).With("issuer", OptionOf(stored, "issuer")).With("limits", OptionOf(stored, "limits")));
        json.RequireEmpty();
        foreach (var (member, value) in stored is null ? [] : JsonNode.Parse(stored)!.AsObject().Where(member => !OfAll.Contains(member.Key, StringComparer.Ordinal) && shape.Fields.All(field => !field.Stored.Equals(member.Key, StringComparison.OrdinalIgnoreCase))))
        {
            definition[member] = value?.DeepClone();
        }

        return ProvisionerDefinition.Parse(definition.ToJsonString());
    }

    public static JsonObject Write(ProvisionerRow row)
    {
        var definition = ProvisionerDefinition.Parse(row.Definition);
        var json = new JsonObject { ["id"] = row.Name, ["authorityId"] = AuthorityId };
        if (LinkedDetails.Of(row.Type) is { } shape)
        {
            json["type"] = shape.Type;
            var details = new JsonObject();
            foreach (var field in shape.Fields)
            {
                details.With(field.Linked, field.Write(definition));
            }

            json["details"] = new JsonObject { [shape.Name] = details };
        }

        json["name"] = row.Name;
        json.With("claims", LinkedClaims.Write(definition["claims"]));
        json.With("x509Template", Template(definition["options"], "x509")).With("sshTemplate", Template(definition["options"], "ssh"));
        json["createdAt"] = LinkedWriting.Time(row.Written);
        json.With("policy", definition["policy"] is { } policy ? LinkedPolicy.Write(policy) : null);
        return json.With("webhooks", new JsonArray([.. WebhookSecrets.WebhooksOf(JsonNode.Parse(row.Definition)!).Select(webhook => LinkedWebhook.Write(webhook))]));
    }

    /// <summary>One that the API has no words for.</summary>
    private static JsonNode? OptionOf(string? stored, string option) => stored is null ? null : JsonNode.Parse(stored)!["options"]?[option]?.DeepClone();

    private static JsonObject? Template(LinkedJson? template)
    {
        if (template is null)
        {
            return null;
        }

        var stored = new JsonObject();
        try
        {
            stored.With("template", template.Bytes("template") is { } text ? Encoding.UTF8.GetString(text) : null)
                .With("templateData", template.Bytes("data") is { } data ? JsonNode.Parse(data, documentOptions: new() { AllowDuplicateProperties = false }) : null);
        }
        catch (JsonException e)
        {
            throw AdminException.BadRequest("the template's data is no JSON", e);
        }

        template.RequireEmpty();
        return stored;
    }

    private static JsonObject? Template(JsonElement? options, string kind) =>
        options is not { ValueKind: JsonValueKind.Object } some || !some.TryGetProperty(kind, out var stored) || stored.ValueKind != JsonValueKind.Object ? null
        : new JsonObject()
            .With("template", stored.TryGetProperty("template", out var text) && text.GetString() is { } written ? LinkedWriting.Base64(written) : null)
            .With("data", stored.TryGetProperty("templateData", out var data) && data.ValueKind == JsonValueKind.Object ? LinkedWriting.Base64(data.GetRawText()) : null);
}
