using System.Text.Json;
using System.Text.Json.Nodes;

namespace IoTPlatform.Keycloak;

/// <summary>Keycloak's JSON representations: what we want of one, compared with what is there.</summary>
public static class Representation
{
    /// <summary>
    /// Whether everything we want is so. Members we say nothing about are Keycloak's or the administrator's; lists are compared as
    /// sets; an empty list is met by an absent one.
    /// </summary>
    public static bool Covers(JsonNode? actual, JsonNode? wanted) => wanted switch
    {
        JsonObject members => members.All(member => Covers((actual as JsonObject)?[member.Key], member.Value)),
        JsonArray { Count: 0 } => actual is null or JsonArray { Count: 0 },
        JsonArray items => actual is JsonArray present && present.Count == items.Count && items.All(item => present.Any(p => Covers(p, item))),
        null => actual is null,
        _ => actual is JsonValue && wanted.GetValueKind() == actual.GetValueKind() && JsonNode.DeepEquals(actual, wanted),
    };

    public static JsonArray List(params IEnumerable<string> items) => new([.. items.Select(item => (JsonNode)item)]);

    public static string Id(JsonNode node) => Text(node, "id");

    /// <summary>Throws <see cref="KeycloakException"/> where it is missing.</summary>
    public static string Text(JsonNode node, string member) =>
        node is JsonObject json && json[member] is JsonValue value && value.GetValueKind() == JsonValueKind.String
            ? value.GetValue<string>()
            : throw new KeycloakException($"Keycloak answered a representation without {member}.");
}
