using System.Security.Claims;

namespace IoTPlatform.Provider.Features.Tenants;

internal static class Caller
{
    /// <summary>The signed-in person's name, as the audit log's actor.</summary>
    public static string Of(ClaimsPrincipal user) =>
        user.Identity?.Name ?? user.FindFirstValue(ClaimTypes.NameIdentifier) ?? throw new InvalidOperationException("The caller has no name.");
}
