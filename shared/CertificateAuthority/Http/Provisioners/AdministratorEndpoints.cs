using System.Security.Claims;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Administration;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>Administrators of the administration API and the authority's name policy, for those whom a role of this stack makes administrators: the first super admin comes from here.</summary>
internal static class AdministratorEndpoints
{
    /// <summary>GET (Viewer), POST, PATCH and DELETE (Admin) /portal/administrators; GET (Viewer), PUT and DELETE (Admin) /portal/authority-policy.</summary>
    public static void Map(IEndpointRouteBuilder app)
    {
        var administrators = app.MapGroup("/portal/administrators");
        administrators.MapGet("", ListAsync).RequireAuthorization(Policies.Viewer);
        administrators.MapPost("", AddAsync).RequireAuthorization(Policies.Admin);
        administrators.MapPatch("{id}", ChangeAsync).RequireAuthorization(Policies.Admin);
        administrators.MapDelete("{id}", RemoveAsync).RequireAuthorization(Policies.Admin);
        var policy = app.MapGroup("/portal/authority-policy");
        policy.MapGet("", ShowPolicy).RequireAuthorization(Policies.Viewer);
        policy.MapPut("", SavePolicyAsync).RequireAuthorization(ProvisionerAdministration.Policy);
        policy.MapDelete("", RemovePolicyAsync).RequireAuthorization(ProvisionerAdministration.Policy);
    }

    private static async Task<Ok<AdministratorList>> ListAsync(AdministratorStore administrators, CancellationToken cancellationToken) =>
        TypedResults.Ok(new AdministratorList { Items = [.. (await administrators.ListAsync(cancellationToken)).OrderBy(one => one.CreatedAt).Select(View)] });

    private static async Task<Created<AdministratorView>> AddAsync(AddAdministratorRequest request, AdministratorStore administrators, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        TypedResults.Created((string?)null, View(await administrators.AddAsync(request.Subject, request.Provisioner, request.Super, By(user), cancellationToken)));

    private static async Task<Ok<AdministratorView>> ChangeAsync(string id, ChangeAdministratorRequest request, AdministratorStore administrators, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        TypedResults.Ok(View(await administrators.ChangeAsync(id, request.Super, By(user), cancellationToken)));

    private static async Task<NoContent> RemoveAsync(string id, AdministratorStore administrators, ClaimsPrincipal user, CancellationToken cancellationToken)
    {
        await administrators.RemoveAsync(id, mayCloseApi: true, By(user), cancellationToken);
        return TypedResults.NoContent();
    }

    private static Ok<AuthorityPolicyView> ShowPolicy(ProvisionerRegistry registry, HttpContext context) => Told(ProvisionerAdministration.ReadPolicy(registry), context);

    private static async Task<Ok<AuthorityPolicyView>> SavePolicyAsync(JsonElement policy, ProvisionerAdministration administration, ClaimsPrincipal user, HttpContext context, CancellationToken cancellationToken) =>
        Told(await administration.SavePolicyAsync(policy.GetRawText(), RowVersion.Asked(context.Request), By(user), cancellationToken), context);

    private static async Task<NoContent> RemovePolicyAsync(ProvisionerAdministration administration, ClaimsPrincipal user, HttpContext context, CancellationToken cancellationToken)
    {
        await administration.SavePolicyAsync(policy: null, RowVersion.Asked(context.Request), By(user), cancellationToken);
        return TypedResults.NoContent();
    }

    private static Ok<AuthorityPolicyView> Told(AuthorityPolicyView policy, HttpContext context)
    {
        RowVersion.Tell(context.Response, policy.Policy is null ? null : policy.Version);
        return TypedResults.Ok(policy);
    }

    private static AdministratorView View(Administrator one) => new() { Id = one.Id, Subject = one.Subject, Provisioner = one.Provisioner, Super = one.IsSuper, CreatedAt = one.CreatedAt };

    private static string By(ClaimsPrincipal user) => user.Identity?.Name ?? "admin";
}
