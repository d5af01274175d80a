using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Identity.Portal;

/// <summary>The administrator's API of local accounts.</summary>
internal static class AccountEndpoints
{
    public static void MapAccountAdministration(this IEndpointRouteBuilder app)
    {
        var accounts = app.MapGroup("/portal/admin/accounts").RequireAuthorization(Policies.Admin);
        accounts.MapGet("", ListAsync);
        accounts.MapPost("", AddAsync);
        accounts.MapPost("/{username}/reset", ResetAsync).AddEndpointFilter(RequireOperatorAsync);
        accounts.MapPost("/{username}/sign-in-link", LinkAsync).AddEndpointFilter(RequireOperatorAsync);
        accounts.MapPost("/{username}/disable", DisableAsync);
        accounts.MapPost("/{username}/enable", EnableAsync);
        accounts.MapPost("/{username}/roles", ChangeRolesAsync);
        accounts.MapPost("/{username}/reset-factors", ResetFactorsAsync).AddEndpointFilter(RequireOperatorAsync);
    }

    /// <summary>
    /// What opens another's account takes more than a token that lies about: the operator's key on the machine. In the portal's list it takes a person who has
    /// just said again who it is, which no access token says.
    /// </summary>
    private static async ValueTask<object?> RequireOperatorAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next) =>
        MachineOperator.Is(invocation.HttpContext.User)
            ? await next(invocation)
            : throw new ProblemException(
                StatusCodes.Status403Forbidden, "not_confirmed", "This opens another's account, which takes more than an access token. Do it in the portal's list of accounts (/portal/accounts), or on the machine, with the operator's key.");

    private static async Task<Ok<AccountList>> ListAsync(AccountAdministration accounts, CancellationToken cancellationToken) =>
        TypedResults.Ok(new AccountList { Items = await accounts.ListAsync(cancellationToken) });

    private static async Task<Ok<AccountInvitation>> AddAsync(
        AddAccountRequest request, HttpContext context, AccountAdministration accounts, PortalOptions portal, CancellationToken cancellationToken) =>
        Answer(context, portal, request.Username, await accounts.AddAsync(request.Username, request.Roles, Actor(context), cancellationToken));

    private static async Task<Ok<AccountInvitation>> ResetAsync(string username, HttpContext context, AccountAdministration accounts, PortalOptions portal, CancellationToken cancellationToken) =>
        Answer(context, portal, username, await accounts.ResetAsync(username, Actor(context), cancellationToken));

    private static async Task<Ok<SignInLink>> LinkAsync(string username, HttpContext context, SignInLinks links, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await links.CreateAsync(username, cancellationToken));
    }

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
