using IoTPlatform.CertificateAuthority;
using IoTPlatform.Contracts.Events;
using IoTPlatform.Provider.Features.Bridge;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IoTPlatform.Provider.Features.Events;

internal static class EventSubscriptionsEndpoint
{
    public static void MapEventSubscriptions(this IEndpointRouteBuilder app) =>
        app.MapGet("/portal/admin/tenants/{tenantId}/events/subscriptions", ReadAsync).RequireAuthorization(ClientCertificateDefaults.BridgePolicy);

    /// <summary>Which types of events are worth sending from the tenant's stack at this moment.</summary>
    private static async Task<Ok<SubscribedEvents>> ReadAsync(string tenantId, HttpContext context, EventForwarding forwarding, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        BridgeCaller.RequireTenant(context.User, tenantId);
        await forwarding.RequireAdmittedAsync(tenantId, cancellationToken);
        return TypedResults.Ok(new SubscribedEvents { Types = await forwarding.SubscribedTypesAsync(cancellationToken) });
    }
}
