using IoTPlatform.Hosting;
using IoTPlatform.Identity.Factors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Identity.Portal;

/// <summary>
/// The administrator's list of local accounts, by the services that the API has, too. Anonymous for the router: the portal's cookie says who it is, and counts
/// in no policy; each handler asks for the administrator's role itself, and each form for its anti-forgery token.
/// </summary>
internal static class AccountListEndpoints
{
    private const int MaxForm = 16 * 1024;

    public static void MapAccountList(this IEndpointRouteBuilder portal)
    {
        var pages = portal.MapGroup("/accounts").AllowAnonymous();
        pages.MapGet("", (HttpContext context, AccountListCalls calls) => calls.ShowAsync(context));
        Form("/add", async (call, accounts) => call.Link(await accounts.AddAsync(call.Username, [call.Role], call.Actor, call.Aborted)));
        Form("/reset", async (call, accounts) => call.Link(await accounts.ResetAsync(call.Username, call.Actor, call.Aborted)), opensAnAccount: true);
        Form("/disable", (call, accounts) => Done(accounts.DisableAsync(call.Username, call.Actor, call.Aborted)));
        Form("/enable", (call, accounts) => Done(accounts.EnableAsync(call.Username, call.Actor, call.Aborted)));
        Form("/roles", (call, accounts) => Done(accounts.SetRolesAsync(call.Username, [call.Role], call.Actor, call.Aborted)));
        Form("/reset-factors", (call, accounts) => Done(accounts.ResetFactorsAsync(call.Username, call.Actor, call.Aborted)), opensAnAccount: true);

        void Form(string path, Func<AccountListCall, AccountAdministration, Task<IResult>> handle, bool opensAnAccount = false) =>
            pages.MapPost(path, (HttpContext context, AccountListCalls calls, AccountAdministration accounts) => calls.HandleAsync(context, call => handle(call, accounts), opensAnAccount)).WithMetadata(new RequestSizeLimitAttribute(MaxForm));
    }

    private static async Task<IResult> Done(Task change)
    {
        await change;
        return new PortalRedirect(AccountListPage.Path);
    }
}

/// <summary>One form of the list, by which administrator.</summary>
internal sealed class AccountListCall(HttpContext context, IFormCollection form, PortalUser user, AccountListPage page)
{
    public string Username => form["username"].ToString();

    public string Role => form["role"].ToString();

    public string Actor => user.Name;

    public CancellationToken Aborted => context.RequestAborted;

    public IResult Link((string Token, DateTimeOffset ExpiresAt) invitation) => page.Link(Username, invitation.Token, invitation.ExpiresAt);
}

/// <summary>Who may see the list, and what happens when a change is refused.</summary>
internal sealed class AccountListCalls(PortalCookie cookie, PortalForgery forgery, PortalPages pages, PortalOptions portal, AccountAdministration accounts, OwnSessions own)
{
    public async Task<IResult> ShowAsync(HttpContext context) => await AdministratorAsync(context) is { } user
        ? await PageAsync(context, user, problem: null)
        : new PortalRedirect($"{ReturnPath.Home}?return_path={AccountListPage.Path}");

    /// <param name="context">The form.</param>
    /// <param name="handle">What it is for.</param>
    /// <param name="opensAnAccount">Who has done it can sign in as another, or without a factor: a cookie alone is not enough, and neither is the identity provider's word, as in the API.</param>
    public async Task<IResult> HandleAsync(HttpContext context, Func<AccountListCall, Task<IResult>> handle, bool opensAnAccount)
    {
        var session = cookie.Read(context);
        await forgery.RequireAsync(context, session);
        if (await AdministratorAsync(context) is not { } user)
        {
            return new PortalRedirect(ReturnPath.Home);
        }

        try
        {
            if (opensAnAccount && !(session is { IsLocal: true } && (await own.FindAsync(SessionToken.Hash(session.Token), context.RequestAborted))?.IsConfirmed == true))
            {
                throw new ProblemException(
                    StatusCodes.Status403Forbidden, "not_confirmed", session is { IsLocal: true }
                        ? "Say again who you are first, on the page of your own account (/portal/account)."
                        : "This takes a local account of this server, whose person has just said again who it is; or the operator of the machine, with iot.");
            }

            var page = new AccountListPage(pages, portal, [], forgery.TokensFor(context, session));
            return await handle(new AccountListCall(context, await context.Request.ReadFormAsync(context.RequestAborted), user, page));
        }
        catch (ProblemException problem) when (problem.Status < 500)
        {
            return await PageAsync(context, user, problem);
        }
    }

    private async Task<IResult> PageAsync(HttpContext context, PortalUser user, ProblemException? problem) =>
        new AccountListPage(pages, portal, await accounts.ListAsync(context.RequestAborted), forgery.TokensFor(context, cookie.Read(context))).Show(user.Name, problem);

    /// <summary>Null: nobody is signed in. Throws <see cref="ProblemException"/> 403 for everyone else.</summary>
    private static async Task<PortalUser?> AdministratorAsync(HttpContext context) => await PortalCookie.UserAsync(context) is not { } user ? null
        : user.Roles.Contains(Roles.Admin) ? user
        : throw new ProblemException(StatusCodes.Status403Forbidden, "forbidden", "Only administrators see the accounts.");
}
