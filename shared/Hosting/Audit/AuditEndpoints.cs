using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Hosting;

public static class AuditEndpoints
{
    /// <summary><c>GET /portal/audit?cursor&amp;limit</c> and <c>GET /portal/audit/verify</c>, admins only.</summary>
    public static IEndpointRouteBuilder MapAudit(this IEndpointRouteBuilder endpoints) => throw new NotImplementedException();
}
