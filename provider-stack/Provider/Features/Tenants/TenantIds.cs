using IoTPlatform.Contracts;
using IoTPlatform.Hosting;

namespace IoTPlatform.Provider.Features.Tenants;

/// <summary>Checks tenant ids at the door.</summary>
internal static class TenantIds
{
    private const string PlatformNamespace = "platform";

    /// <summary>Throws 400 <c>tenant_id_invalid</c>.</summary>
    public static void Require(string? tenantId)
    {
        if (!TenantId.IsValid(tenantId))
            throw new ProblemException(StatusCodes.Status400BadRequest, "tenant_id_invalid", $"A tenant id matches {TenantId.Pattern}.");
    }

    /// <summary>As <see cref="Require"/>; and 400 <c>tenant_id_reserved</c> for names that are the platform's own.</summary>
    public static void RequireNew(string? tenantId)
    {
        Require(tenantId);
        if (tenantId == PlatformNamespace)
            throw new ProblemException(StatusCodes.Status400BadRequest, "tenant_id_reserved", $"No tenant can be called {tenantId}: the provider's own events have that place at the broker.");
    }

    public static ProblemException NotFound(string tenantId) => new(StatusCodes.Status404NotFound, "tenant_not_found", $"There is no tenant {tenantId}.");
}
