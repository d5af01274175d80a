using IoTPlatform.Hosting;
using IoTPlatform.Identity.Oidc.Login;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Identity.Portal;

/// <summary>The portal's own page and the local way in and out. Anonymous for the router: each handler reads the portal's cookie itself, and offers a login where there is none.</summary>
internal static class PortalEndpoints
{
    private const int MaxForm = 16 * 1024;

    public static void MapPortalPages(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("", HomeAsync).AllowAnonymous();
        pages.MapGet("/portal.css", PortalAsset.Style.Answer).AllowAnonymous();
        pages.MapPost("/sign-in", SignInAsync).AllowAnonymous().WithMetadata(new RequestSizeLimitAttribute(MaxForm));
        pages.MapPost("/sign-out", SignOutAsync).AllowAnonymous().WithMetadata(new RequestSizeLimitAttribute(MaxForm));
    }

    private static async Task<IResult> HomeAsync(HttpContext context, PortalCookie cookie, PortalPages pages, PortalForgery forgery)
    {
        var user = await PortalCookie.UserAsync(context);
        return user is null
            ? pages.SignIn(forgery.TokensFor(context, session: null), ReturnPath.Of(context.Request.Query["return_path"]))
            : pages.SignedIn(user, forgery.TokensFor(context, cookie.Read(context)));
    }

    private static async Task<IResult> SignInAsync(HttpContext context, PortalCookie cookie, PortalPages pages, PortalForgery forgery, LoginService logins, CancellationToken cancellationToken)
    {
        await forgery.RequireAsync(context, session: null);
        var form = await context.Request.ReadFormAsync(cancellationToken);
        var returnPath = ReturnPath.Of(form["return_path"]);
        try
        {
            var (_, token) = await logins.LoginAsync(form["username"].ToString(), form["password"].ToString(), context.Connection.RemoteIpAddress, cancellationToken);
            await cookie.SignInAsync(context, new PortalSession(token, isLocal: true));
            return new PortalRedirect(returnPath);
        }
        catch (ProblemException e) when (e.Status is 401 or 429)
        {
            // 401 would ask for a header that no browser sends for a form (RFC 9110 section 15.5.2).
            return pages.SignIn(forgery.TokensFor(context, session: null), returnPath, e.Message, e.Status == 401 ? StatusCodes.Status403Forbidden : e.Status, e.RetryAfter);
        }
    }

    private static async Task<IResult> SignOutAsync(HttpContext context, PortalCookie cookie, PortalPages pages, PortalForgery forgery, CancellationToken cancellationToken, [FromServices] LoginEnd? provider = null)
    {
        if (cookie.Read(context) is not { } session)
        {
            return new PortalRedirect(ReturnPath.Home);
        }

        await forgery.RequireAsync(context, session);
        var idToken = await cookie.SignOutAsync(context);
        if (idToken is null || provider is null)
        {
            return new PortalRedirect(ReturnPath.Home);
        }

        return await provider.FindAsync(idToken, cancellationToken) is { } end ? pages.SigningOut(end) : pages.SignedOutHereOnly();
    }
}
