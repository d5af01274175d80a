using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Data;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IoTPlatform.Provider.Features.Tenants;

internal static class ShowTenantEndpoint
{
    public static void MapShowTenant(this IEndpointRouteBuilder app) =>
        app.MapGet("/portal/admin/tenants/{tenantId}", ShowAsync).RequireAuthorization(Policies.Viewer);

    private static async Task<Ok<TenantDetail>> ShowAsync(string tenantId, TenantDetails details, ProviderDb db, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        return TypedResults.Ok(await details.FindAsync(tenantId, cancellationToken) ?? throw await TenantIds.NotFoundAsync(db, tenantId, cancellationToken));
    }
}
