using System.Security.Claims;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Acme;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>GET (Viewer), POST and DELETE {id} (Admin) of the keys that vouch for new accounts at an ACME provisioner; GET (Viewer), PUT and DELETE (Admin) {id}/policy of what their accounts may have.</summary>
internal static class ExternalAccountEndpoints
{
    /// <param name="keys">Below a provisioner's {name}.</param>
    public static void Map(IEndpointRouteBuilder keys)
    {
        keys.MapGet("", ListAsync).RequireAuthorization(Policies.Viewer);
        keys.MapPost("", AddAsync).RequireAuthorization(Policies.Admin);
        keys.MapDelete("{id}", RemoveAsync).RequireAuthorization(Policies.Admin);
        var policy = keys.MapGroup("{id}/policy");
        policy.MapGet("", ShowPolicyAsync).RequireAuthorization(Policies.Viewer);
        policy.MapPut("", SavePolicyAsync).RequireAuthorization(Policies.Admin);
        policy.MapDelete("", RemovePolicyAsync).RequireAuthorization(Policies.Admin);
    }

    private static async Task<Ok<ExternalAccountKeyList>> ListAsync(string name, ProvisionerRegistry registry, ExternalAccountKeys keys, CancellationToken cancellationToken) =>
        TypedResults.Ok(new ExternalAccountKeyList { Items = await keys.ListAsync(Require(registry, name), cancellationToken) });

    private static async Task<Created<ExternalAccountCredentials>> AddAsync(
        string name, AddExternalAccountKeyRequest request, ProvisionerRegistry registry, ExternalAccountKeys keys, ClaimsPrincipal user, HttpContext context, CancellationToken cancellationToken)
    {
        var credentials = await keys.AddAsync(Require(registry, name), request.Reference, By(user), cancellationToken);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created((string?)null, credentials);
    }

    private static async Task<NoContent> RemoveAsync(string name, string id, ProvisionerRegistry registry, ExternalAccountKeys keys, ClaimsPrincipal user, CancellationToken cancellationToken) =>
        await keys.RemoveAsync(Require(registry, name), id, By(user), cancellationToken)
            ? TypedResults.NoContent()
            : throw AccountPolicies.NoSuchKey(name);

    private static async Task<Ok<AccountPolicyView>> ShowPolicyAsync(string name, string id, ProvisionerRegistry registry, AccountPolicies policies, HttpContext context, CancellationToken cancellationToken) =>
        Told(await policies.FindAsync(Require(registry, name), id, cancellationToken) ?? throw AccountPolicies.NoSuchKey(name), context);

    /// <summary>With <c>If-Match</c> and <c>If-None-Match</c> as a provisioner is.</summary>
    private static async Task<Ok<AccountPolicyView>> SavePolicyAsync(
        string name, string id, JsonElement policy, ProvisionerRegistry registry, AccountPolicies policies, ClaimsPrincipal user, HttpContext context, CancellationToken cancellationToken) =>
        Told(await policies.SaveAsync(Require(registry, name), id, policy.GetRawText(), RowVersion.Asked(context.Request), By(user), cancellationToken), context);

    private static async Task<NoContent> RemovePolicyAsync(string name, string id, ProvisionerRegistry registry, AccountPolicies policies, ClaimsPrincipal user, HttpContext context, CancellationToken cancellationToken)
    {
        await policies.SaveAsync(Require(registry, name), id, policy: null, RowVersion.Asked(context.Request), By(user), cancellationToken);
        return TypedResults.NoContent();
    }

    private static Ok<AccountPolicyView> Told(AccountPolicy policy, HttpContext context)
    {
        RowVersion.Tell(context.Response, policy.Policy is null ? null : policy.Version);
        return TypedResults.Ok(new AccountPolicyView { KeyId = policy.KeyId, Policy = policy.Policy is { } json ? JsonElement.Parse(json) : null, Version = policy.Version });
    }

    private static string Require(ProvisionerRegistry registry, string name) =>
        registry.Find(name) is AcmeProvisioner provisioner ? provisioner.Name : throw new ProblemException(404, "no_such_provisioner", $"There is no ACME provisioner {name}.");

    private static string By(ClaimsPrincipal user) => user.Identity?.Name ?? "admin";
}
