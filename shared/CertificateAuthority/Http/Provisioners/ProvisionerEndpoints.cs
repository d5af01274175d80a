using System.Security.Claims;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.CertificateAuthority.Webhooks;
using IoTPlatform.Contracts.Certificates;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.CertificateAuthority;

/// <summary>What an administrator does with provisioners. A change serves in every process at once, without a restart.</summary>
public static class ProvisionerEndpoints
{
    /// <summary>GET /portal/provisioners (Viewer), PUT and DELETE /portal/provisioners/{name} (Admin); those who may do as much over the administration API, the authority's policy, inventories, issuers, and what is imported of another authority.</summary>
    public static void MapProvisioners(this IEndpointRouteBuilder app)
    {
        var provisioners = app.MapGroup("/portal/provisioners");
        provisioners.MapGet("", ShowAsync).RequireAuthorization(CaDirectory.Policy);
        provisioners.MapPut("{name}", SaveAsync).RequireAuthorization(ProvisionerAdministration.Policy);
        provisioners.MapDelete("{name}", RemoveAsync).RequireAuthorization(ProvisionerAdministration.Policy);
        ExternalAccountEndpoints.Map(provisioners.MapGroup("{name}/external-account-keys"));
        AdministratorEndpoints.Map(app);
        InventoryEndpoints.Map(app);
        ImportEndpoints.Map(app);
        IssuerEndpoints.Map(app);
    }

    /// <summary>In the order in which a credential's provisioner is looked for.</summary>
    /// <param name="registry">All of them.</param>
    /// <param name="isAdmin">Templates with their data, and webhooks, are an administrator's to see.</param>
    internal static ProvisionerList List(ProvisionerRegistry registry, bool isAdmin) => new()
    {
        Items =
        [
            .. registry.Stored.Select(stored => View(stored, isAdmin)),
            .. registry.OfHost.Select(provisioner => new ProvisionerView { Name = provisioner.Name, Type = provisioner.Type, BuiltIn = true }),
        ],
    };

    private static async Task<Ok<ProvisionerList>> ShowAsync(ProvisionerRegistry registry, ClaimsPrincipal user, IAuthorizationService authorization) =>
        TypedResults.Ok(List(registry, (await authorization.AuthorizeAsync(user, Policies.Admin)).Succeeded));

    /// <summary>With <c>If-Match</c> only in place of that version, with <c>If-None-Match: *</c> only where there is none (RFC 9110 13.1), else in place of whatever is there.</summary>
    private static async Task<Ok<ProvisionerView>> SaveAsync(string name, JsonElement definition, ProvisionerAdministration administration, ClaimsPrincipal user, HttpContext context, CancellationToken cancellationToken)
    {
        var saved = await administration.SaveAsync(name, definition.GetRawText(), RowVersion.Asked(context.Request), By(user), cancellationToken);
        RowVersion.Tell(context.Response, saved.Version);
        return TypedResults.Ok(saved);
    }

    private static async Task<NoContent> RemoveAsync(string name, ProvisionerAdministration administration, ClaimsPrincipal user, HttpContext context, CancellationToken cancellationToken)
    {
        await administration.RemoveAsync(name, RowVersion.Asked(context.Request), By(user), cancellationToken);
        return TypedResults.NoContent();
    }

    internal static ProvisionerView View(StoredProvisioner stored, bool isAdmin) => new()
    {
        Name = stored.Name,
        Type = stored.Provisioner?.Type ?? stored.Row.Type,
        Disabled = stored.Disabled,
        BuiltIn = stored.Name == JwkProvisioner.DefaultName,
        ChangedAt = stored.Row.Written,
        Version = stored.Row.Version,
        Definition = WebhookSecrets.Shown(stored.Row.Definition, withOptions: isAdmin),
    };

    private static string By(ClaimsPrincipal user) => user.Identity?.Name ?? "admin";
}
