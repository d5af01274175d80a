using IoTPlatform.Contracts;
using IoTPlatform.Hosting;

namespace IoTPlatform.Provider.Features.Tenants;

/// <summary>Checks tenant ids at the door.</summary>
internal static class TenantIds
{
    /// <summary>Throws 400 <c>tenant_id_invalid</c>.</summary>
    public static void Require(string? tenantId)
    {
        if (!TenantId.IsValid(tenantId))
            throw new ProblemException(StatusCodes.Status400BadRequest, "tenant_id_invalid", $"A tenant id matches {TenantId.Pattern}.");
    }

    public static ProblemException NotFound(string tenantId) => new(StatusCodes.Status404NotFound, "tenant_not_found", $"There is no tenant {tenantId}.");
}
