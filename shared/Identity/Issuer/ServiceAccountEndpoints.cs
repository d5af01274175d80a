using IoTPlatform.Contracts.Identity;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Identity.Issuer;

internal static class ServiceAccountEndpoints
{
    public static void MapServiceAccounts(this IEndpointRouteBuilder app)
    {
        var accounts = app.MapGroup("/portal/admin/service-accounts").RequireAuthorization(Policies.Admin);
        accounts.MapGet("", ListAsync);
        accounts.MapPost("", AddAsync);
        accounts.MapPost("/{name}/rotate", RotateAsync);
        accounts.MapDelete("/{name}", RemoveAsync);
    }

    private static async Task<Ok<ServiceAccountList>> ListAsync(ServiceAccounts accounts, CancellationToken cancellationToken) =>
        TypedResults.Ok(new ServiceAccountList { Items = await accounts.ListAsync(cancellationToken) });

    private static async Task<Ok<ServiceAccountCredentials>> AddAsync(
        AddServiceAccountRequest request, HttpContext context, ServiceAccounts accounts, IssuerPaths paths, CancellationToken cancellationToken) =>
        Answer(context, paths, request.Name, await accounts.AddAsync(request.Name, request.Roles, request.PublicKey, Actor(context), cancellationToken));

    private static async Task<Ok<ServiceAccountCredentials>> RotateAsync(
        string name, RotateServiceAccountRequest request, HttpContext context, ServiceAccounts accounts, IssuerPaths paths, CancellationToken cancellationToken) =>
        Answer(context, paths, name, await accounts.RotateAsync(name, request.PublicKey, Actor(context), cancellationToken));

    private static async Task<NoContent> RemoveAsync(string name, HttpContext context, ServiceAccounts accounts, CancellationToken cancellationToken)
    {
        await accounts.RemoveAsync(name, Actor(context), cancellationToken);
        return TypedResults.NoContent();
    }

    private static Ok<ServiceAccountCredentials> Answer(HttpContext context, IssuerPaths paths, string name, string? secret)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new ServiceAccountCredentials
        {
            ClientId = ServiceAccountName.ClientIdOf(name),
            ClientSecret = secret,
            TokenEndpoint = paths.Of(paths.Token)[0],
            Scope = IssuerScopes.Api,
        });
    }

    private static string Actor(HttpContext context) => context.User.Identity!.Name!;
}
