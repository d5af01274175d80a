using System.Globalization;
using IoTPlatform.Contracts;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Provider.Features.Tenants;

/// <summary>Validates tenant ids in requests.</summary>
internal static class TenantIds
{
    private const string PlatformNamespace = "platform";

    /// <summary>Throws 400 <c>tenant_id_invalid</c>.</summary>
    public static void Require(string? tenantId)
    {
        if (!TenantId.IsValid(tenantId))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "tenant_id_invalid", $"A tenant id matches {TenantId.Pattern}.");
        }
    }

    /// <summary>As <see cref="Require"/>; and 400 <c>tenant_id_reserved</c> for names that are the platform's own.</summary>
    public static void RequireNew(string? tenantId)
    {
        Require(tenantId);
        if (tenantId == PlatformNamespace)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "tenant_id_reserved", $"No tenant can be called {tenantId}: the provider's own events have that place at the broker.");
        }
    }

    /// <summary>404 <c>tenant_not_found</c>; of a tenant that was removed it says so, from its history.</summary>
    public static async Task<ProblemException> NotFoundAsync(ProviderDb db, string tenantId, CancellationToken cancellationToken)
    {
        var removed = await db.Database.SqlQuery<DateTimeOffset?>(
            $"SELECT max(at) AS \"Value\" FROM audit.entries WHERE subject = {tenantId} AND action = 'tenant.removed'").SingleAsync(cancellationToken);
        return removed is { } at
            ? new(
                StatusCodes.Status404NotFound, "tenant_not_found",
                string.Create(CultureInfo.InvariantCulture, $"Tenant {tenantId} was removed on {at.UtcDateTime:yyyy-MM-dd HH:mm}Z. Its history is still there (iot tenants events {tenantId}); the id can be prepared again."))
            : NotFound(tenantId);
    }

    public static ProblemException NotFound(string tenantId) => new(StatusCodes.Status404NotFound, "tenant_not_found", $"There is no tenant {tenantId}.");
}
