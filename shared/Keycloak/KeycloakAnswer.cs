using System.Net;
using System.Text.Json.Nodes;

namespace IoTPlatform.Keycloak;

/// <summary>What Keycloak answered, other than that it can't. A class, not a record: bodies carry secrets.</summary>
public sealed class KeycloakAnswer(HttpStatusCode status, JsonNode? body)
{
    public HttpStatusCode Status { get; } = status;

    public JsonNode? Body { get; } = body;

    /// <summary>RFC 6749 section 5.2.</summary>
    public string? Error => (Body as JsonObject)?["error"] is JsonValue value && value.TryGetValue<string>(out var error) ? error : null;

    public JsonObject Object => Body as JsonObject ?? throw Unexpected("answered no JSON object");

    public JsonArray Array => Body as JsonArray ?? throw Unexpected("answered no JSON array");

    public KeycloakAnswer Require(string what, params ReadOnlySpan<HttpStatusCode> expected) => expected.Contains(Status) ? this : throw Unexpected($"refused to {what}");

    public KeycloakException Unexpected(string what) => new($"Keycloak {what} ({(int)Status}{(Error is null ? "" : $" {Error}")}).");
}
