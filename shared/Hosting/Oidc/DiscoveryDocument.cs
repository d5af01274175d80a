using System.Text.Json;

namespace IoTPlatform.Hosting.Oidc;

/// <summary>What we use of an OpenID provider's metadata (OpenID Connect Discovery 1.0 section 3).</summary>
internal sealed record DiscoveryDocument
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    private const int LongestShown = 300;

    public required string JwksUri { get; init; }

    public string? AuthorizationEndpoint { get; init; }

    public string? TokenEndpoint { get; init; }

    /// <summary>RP-Initiated Logout 1.0 section 2.1; null: the provider has none.</summary>
    public string? EndSessionEndpoint { get; init; }

    /// <summary>Every authorization response says "iss" (RFC 9207 section 3).</summary>
    public bool NamesIssuerInResponses { get; init; }

    /// <summary>Throws <see cref="OidcException"/> for what is no such document, or another issuer's (section 4.3).</summary>
    public static DiscoveryDocument Parse(byte[] json, string issuer)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            var root = document.RootElement;
            return Text(root, "issuer") == issuer
                ? new DiscoveryDocument
                {
                    JwksUri = Text(root, "jwks_uri") ?? throw new OidcException("The discovery document has no jwks_uri."),
                    AuthorizationEndpoint = Text(root, "authorization_endpoint"),
                    TokenEndpoint = Text(root, "token_endpoint"),
                    EndSessionEndpoint = Text(root, "end_session_endpoint"),
                    NamesIssuerInResponses = root.TryGetProperty("authorization_response_iss_parameter_supported", out var names) && names.ValueKind == JsonValueKind.True,
                }
                : throw Mismatch(Text(root, "issuer"), issuer);
        }
        catch (JsonException e)
        {
            throw new OidcException("The discovery document is not JSON.", e);
        }
    }

    /// <summary>The issuer is compared with every token's, character by character (OpenID Connect Discovery 1.0 section 4.3).</summary>
    private static OidcMisconfiguredException Mismatch(string? named, string issuer) => new(
        named is null
            ? $"{OidcSettings.Issuer} is {issuer}, but the discovery document there names no issuer."
            : $"{OidcSettings.Issuer} is {issuer}, but the discovery document there names {Shown(named)}. Set {OidcSettings.Issuer} to exactly that, if it is the issuer you mean.");

    private static string Shown(string named) => string.Concat(named.Take(LongestShown).Select(c => char.IsControl(c) ? '?' : c));

    private static string? Text(JsonElement root, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
