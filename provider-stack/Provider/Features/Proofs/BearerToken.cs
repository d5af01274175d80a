namespace IoTPlatform.Provider.Features.Proofs;

internal static class BearerToken
{
    private const string Prefix = "Bearer ";

    /// <summary>RFC 6750 section 2.1. Null when there is none.</summary>
    public static string? Of(HttpRequest request) =>
        request.Headers.Authorization is [{ } value] && value.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) ? value[Prefix.Length..].Trim() : null;
}
