using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Portal;

/// <summary>The administrator's API of local accounts.</summary>
internal static class AccountEndpoints
{
    public static void MapAccountAdministration(this IEndpointRouteBuilder app)
    {
        var accounts = app.MapGroup("/portal/admin/accounts").RequireAuthorization(Policies.Admin);
        accounts.MapGet("", ListAsync);
        accounts.MapPost("", AddAsync);
        accounts.MapPost("/{username}/reset", ResetAsync).AddEndpointFilter(RequireRecentSignInAsync);
        accounts.MapPost("/{username}/disable", DisableAsync);
        accounts.MapPost("/{username}/enable", EnableAsync);
        accounts.MapPost("/{username}/roles", ChangeRolesAsync);
        accounts.MapPost("/{username}/reset-factors", ResetFactorsAsync).AddEndpointFilter(RequireRecentSignInAsync);
    }

    /// <summary>
    /// What opens another's account takes more than a token that lies about: a session whose person was asked who it is within the last minutes, or the operator's
    /// key on the machine. The portal's list asks the same.
    /// </summary>
    private static async ValueTask<object?> RequireRecentSignInAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        var sessions = context.RequestServices.GetRequiredService<SessionStore>();
        return MachineOperator.Is(context.User) || (SessionAuthenticationHandler.TokenOf(context.Request) is { } token && await sessions.IsRecentAsync(token, context.RequestAborted))
            ? await next(invocation)
            : throw new ProblemException(
                StatusCodes.Status403Forbidden, "not_confirmed", "This opens another's account. Say again who you are: log in with name, password and second factor for it (iot: --username NAME), or do it on the machine.");
    }

    private static async Task<Ok<AccountList>> ListAsync(AccountAdministration accounts, CancellationToken cancellationToken) =>
        TypedResults.Ok(new AccountList { Items = await accounts.ListAsync(cancellationToken) });

    private static async Task<Ok<AccountInvitation>> AddAsync(
        AddAccountRequest request, HttpContext context, AccountAdministration accounts, PortalOptions portal, CancellationToken cancellationToken) =>
        Answer(context, portal, request.Username, await accounts.AddAsync(request.Username, request.Roles, Actor(context), cancellationToken));

    private static async Task<Ok<AccountInvitation>> ResetAsync(string username, HttpContext context, AccountAdministration accounts, PortalOptions portal, CancellationToken cancellationToken) =>
        Answer(context, portal, username, await accounts.ResetAsync(username, Actor(context), cancellationToken));

    private static async Task<NoContent> DisableAsync(string username, HttpContext context, AccountAdministration accounts, CancellationToken cancellationToken)
    {
        await accounts.DisableAsync(username, Actor(context), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> EnableAsync(string username, HttpContext context, AccountAdministration accounts, CancellationToken cancellationToken)
    {
        await accounts.EnableAsync(username, Actor(context), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> ChangeRolesAsync(string username, ChangeRolesRequest request, HttpContext context, AccountAdministration accounts, CancellationToken cancellationToken)
    {
        await accounts.SetRolesAsync(username, request.Roles, Actor(context), cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> ResetFactorsAsync(string username, HttpContext context, AccountAdministration accounts, CancellationToken cancellationToken)
    {
        await accounts.ResetFactorsAsync(username, Actor(context), cancellationToken);
        return TypedResults.NoContent();
    }

    private static Ok<AccountInvitation> Answer(HttpContext context, PortalOptions portal, string username, (string Token, DateTimeOffset ExpiresAt) invitation)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new AccountInvitation { Username = username, Url = InvitationPage.Link(portal.PublicUrl, invitation.Token).AbsoluteUri, ExpiresAt = invitation.ExpiresAt });
    }

    private static string Actor(HttpContext context) => context.User.Identity!.Name!;
}
