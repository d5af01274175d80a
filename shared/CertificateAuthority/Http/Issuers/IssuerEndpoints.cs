using System.Security.Claims;
using IoTPlatform.CertificateAuthority.Issuers;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>The issuers that provisioners may name.</summary>
internal static class IssuerEndpoints
{
    private const int MaxChain = 256 * 1024;

    /// <summary>GET /portal/issuers (Viewer), POST, PUT {name}/chain, PUT {name}/state and DELETE {name} (Admin).</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var issuers = app.MapGroup("/portal/issuers");
        issuers.MapGet("", List).RequireAuthorization(Policies.Viewer);
        issuers.MapPost("", CreateAsync).RequireAuthorization(IssuerAdministration.Policy);
        issuers.MapPut("{name}/chain", CompleteAsync).RequireAuthorization(IssuerAdministration.Policy).WithMetadata(new RequestSizeLimitAttribute(MaxChain));
        issuers.MapPut("{name}/state", SetStateAsync).RequireAuthorization(IssuerAdministration.Policy);
        issuers.MapDelete("{name}", RemoveAsync).RequireAuthorization(IssuerAdministration.Policy);
    }

    private static Ok<IssuerList> List(IssuerAdministration issuers) => TypedResults.Ok(issuers.List());

    private static async Task<Ok<IssuerView>> CreateAsync(CreateIssuerRequest request, IssuerAdministration issuers, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        TypedResults.Ok(await issuers.CreateAsync(request, By(user), cancellationToken));

    private static async Task<Ok<IssuerView>> CompleteAsync(string name, CompleteIssuerRequest request, IssuerAdministration issuers, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        TypedResults.Ok(await issuers.CompleteAsync(name, request, By(user), cancellationToken));

    private static async Task<Ok<IssuerView>> SetStateAsync(string name, IssuerStateRequest request, IssuerAdministration issuers, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        TypedResults.Ok(await issuers.SetStateAsync(name, request.State, By(user), cancellationToken));

    private static async Task<NoContent> RemoveAsync(string name, IssuerAdministration issuers, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        await issuers.RemoveAsync(name, By(user), cancellationToken);
        return TypedResults.NoContent();
    }

    private static string By(ClaimsPrincipal user) => user.Identity?.Name ?? "admin";
}
