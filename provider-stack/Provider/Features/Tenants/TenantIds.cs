using IoTPlatform.Contracts;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Join;

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

    /// <summary>Also that the names made from it fit into a certificate.</summary>
    public static void RequireNew(string? tenantId)
    {
        Require(tenantId);
        if (tenantId!.Length > TenantNames.LongestTenantId)
            throw new ProblemException(
                StatusCodes.Status400BadRequest, "tenant_id_invalid",
                $"A tenant id has at most {TenantNames.LongestTenantId} characters: its bridge's certificate name would be longer than the 64 a CN may have.");
    }

    public static ProblemException NotFound(string tenantId) => new(StatusCodes.Status404NotFound, "tenant_not_found", $"There is no tenant {tenantId}.");
}
