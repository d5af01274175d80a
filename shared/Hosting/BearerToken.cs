using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Hosting;

/// <summary><c>Authorization: Bearer</c> (RFC 6750 section 2.1).</summary>
public static class BearerToken
{
    private const string Prefix = "Bearer ";

    /// <summary>Null when there is none, or when there are several Authorization headers.</summary>
    public static string? Of(HttpRequest request) =>
        request.Headers.Authorization is [{ } value] && value.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? value[Prefix.Length..].Trim() : null;
}
