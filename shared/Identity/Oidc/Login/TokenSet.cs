using System.Text.Json;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>A token endpoint's answer (RFC 6749 section 5.1), unchecked. No record: it would print the tokens.</summary>
internal sealed class TokenSet
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    private TokenSet(string accessToken, string? idToken, string? refreshToken)
    {
        AccessToken = accessToken;
        IdToken = idToken;
        RefreshToken = refreshToken;
    }

    public string AccessToken { get; }

    public string? IdToken { get; }

    public string? RefreshToken { get; }

    /// <summary>Throws <see cref="OidcException"/>.</summary>
    public static TokenSet Parse(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            return Text(document, "access_token") is { } access && "Bearer".Equals(Text(document, "token_type"), StringComparison.OrdinalIgnoreCase)
                ? new TokenSet(access, Text(document, "id_token"), Text(document, "refresh_token"))
                : throw new OidcException("The token endpoint answered without a bearer access token.");
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
