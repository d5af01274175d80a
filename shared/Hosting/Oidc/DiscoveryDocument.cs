using System.Text.Json;

namespace IoTPlatform.Hosting.Oidc;

/// <summary>What we use of an OpenID provider's metadata (OpenID Connect Discovery 1.0 section 3).</summary>
internal sealed record DiscoveryDocument
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    public required string JwksUri { get; init; }

    /// <summary>Throws <see cref="OidcException"/> for what is no such document, or another issuer's (section 4.3).</summary>
    public static DiscoveryDocument Parse(byte[] json, string issuer)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            var root = document.RootElement;
            return Text(root, "issuer") == issuer
                ? new DiscoveryDocument { JwksUri = Text(root, "jwks_uri") ?? throw new OidcException("The discovery document has no jwks_uri.") }
                : throw new OidcException($"The discovery document is another issuer's than {issuer}.");
        }
        catch (JsonException e)
        {
            throw new OidcException("The discovery document is not JSON.", e);
        }
    }

    private static string? Text(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
