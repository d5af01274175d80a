using IoTPlatform.Hosting;


namespace IoTPlatform.Provider.Features.Join;

/// <summary>The optional fields of a JOIN request.</summary>
internal static class JoinFields
{
    private const int LongestUrl = 512;
    private const int WireGuardKeyBytes = 32;

    /// <summary>Base64 of exactly 32 bytes, as <c>wg pubkey</c> prints it.</summary>
    public static string? WireGuardKey(string? value)
    {
        if (string.IsNullOrEmpty(value))
            return null;
        Span<byte> key = stackalloc byte[WireGuardKeyBytes + 1];
        return value.Length == 44 && Convert.TryFromBase64String(value, key, out var written) && written == WireGuardKeyBytes
            ? value
            : throw Invalid("wg_pubkey must be the base64 of a 32-byte Curve25519 public key.");
    }

    /// <summary>It becomes part of an exact redirect URI, so nothing may hide in it.</summary>
    public static string? KeycloakUrl(string? value)
    {
        if (string.IsNullOrEmpty(value))
            return null;
        return value.Length <= LongestUrl
            && Uri.TryCreate(value, UriKind.Absolute, out var url)
            && url is { UserInfo.Length: 0, Query.Length: 0, Fragment.Length: 0, Host.Length: > 0 }
            && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
            && !value.Contains('*', StringComparison.Ordinal)
            ? url.AbsoluteUri.TrimEnd('/')
            : throw Invalid("keycloak_url must be an https URL (http on loopback only) without credentials, query, fragment or wildcard.");
    }

    private static ProblemException Invalid(string detail) => new(StatusCodes.Status400BadRequest, "invalid_request", detail);
}
