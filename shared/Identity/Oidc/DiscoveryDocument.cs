using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace IoTPlatform.Identity.Oidc;

/// <summary>An OpenID provider's metadata (OpenID Connect Discovery 1.0 section 3).</summary>
internal static class DiscoveryDocument
{
    private const int LongestShown = 300;
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>Throws <see cref="OidcException"/> for what is no such document, or another issuer's (section 4.3).</summary>
    public static OpenIdConnectConfiguration Parse(byte[] json, string issuer)
    {
        try
        {
            using var strict = JsonDocument.Parse(json, Strict);
            var metadata = OpenIdConnectConfiguration.Create(Encoding.UTF8.GetString(json));
            return metadata.Issuer == issuer ? metadata : throw Mismatch(metadata.Issuer, issuer);
        }
        catch (JsonException e)
        {
            throw new OidcException("The discovery document is not JSON, or not metadata.", e);
        }
    }

    /// <summary>The issuer is compared with every token's, character by character (OpenID Connect Discovery 1.0 section 4.3).</summary>
    private static OidcMisconfiguredException Mismatch(string? named, string issuer) => new(
        named is null
            ? $"{OidcSettings.Issuer} is {issuer}, but the discovery document there names no issuer."
            : $"{OidcSettings.Issuer} is {issuer}, but the discovery document there names {Shown(named)}. Set {OidcSettings.Issuer} to exactly that, if it is the issuer you mean.");

    private static string Shown(string named) => string.Concat(named.Take(LongestShown).Select(c => char.IsControl(c) ? '?' : c));
}
