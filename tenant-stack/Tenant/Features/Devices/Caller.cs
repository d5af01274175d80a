using System.Security.Claims;

namespace IoTPlatform.Tenant.Features.Devices;

internal static class Caller
{
    /// <summary>The signed-in account, as audit actor.</summary>
    public static string Name(ClaimsPrincipal caller) => caller.Identity?.Name ?? throw new InvalidOperationException("The endpoint let an anonymous caller in.");
}
