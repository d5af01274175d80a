using IoTPlatform.Contracts.Identity;
using IoTPlatform.Database;
using IoTPlatform.Hosting;
using IoTPlatform.Keycloak;
using IoTPlatform.Provider.Features.Identity.Keycloak;
using IoTPlatform.Provider.Features.Tenants;
using Microsoft.AspNetCore.Http.HttpResults;

namespace IoTPlatform.Provider.Features.Identity;

internal static class InitIdentityEndpoint
{
    public static void MapInitIdentity(this IEndpointRouteBuilder app) => app.MapPost("/portal/admin/identity/init", InitAsync).RequireAuthorization(Policies.Admin);

    private static async Task<Ok<InitializedIdentity>> InitAsync(
        InitIdentityRequest request, HttpContext context, IServiceProvider services, AuditLog audit, CancellationToken cancellationToken)
    {
        var setup = services.GetService<RealmSetup>()
            ?? throw new ProblemException(StatusCodes.Status409Conflict, "identity_local", "This provider has local accounts only: IOT_IDENTITY is not keycloak, so there is nothing to set up.");
        var changes = await setup.EnsureAsync(request.Realm ?? "master", request.Username, request.Password, cancellationToken);
        var realm = services.GetRequiredService<KeycloakRealm>().Name;
        await audit.AppendAsync(new AuditEntry(Caller.Of(context.User), "identity.initialized", realm, AuditDetails.Of(("changes", string.Join("; ", changes)))), cancellationToken);
        return TypedResults.Ok(new InitializedIdentity { Realm = realm, Changes = changes });
    }
}
