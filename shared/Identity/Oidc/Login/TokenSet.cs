using System.Text.Json;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>A token endpoint's answer (RFC 6749 section 5), read strictly before ASP.NET reads it.</summary>
internal static class TokenSet
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>A bearer access token at least. Throws <see cref="OidcException"/>.</summary>
    public static void Require(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            if (Text(document, "access_token") is null || !"Bearer".Equals(Text(document, "token_type"), StringComparison.OrdinalIgnoreCase))
            {
                throw new OidcException("The token endpoint answered without a bearer access token.");
            }
        }
        catch (JsonException e)
        {
            throw new OidcException("The token endpoint did not answer JSON.", e);
        }
    }

    /// <summary>The error code of RFC 6749 section 5.2, fit for a log.</summary>
    public static string ErrorOf(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return Text(document, "error") is { Length: <= 64 } error && error.All(c => char.IsAsciiLetterOrDigit(c) || c is '_') ? error : "no error code";
        }
        catch (JsonException)
        {
            return "no error code";
        }
    }

    private static string? Text(JsonDocument document, string name) =>
        document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
