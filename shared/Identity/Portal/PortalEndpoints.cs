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
        pages.MapGet("/signed-in", SignedInAsync).AllowAnonymous();
        pages.MapGet("/portal.css", PortalAsset.Style.Answer).AllowAnonymous();
        pages.MapGet("/passkey.js", PortalAsset.PasskeyScript.Answer).AllowAnonymous();
        pages.MapPost("/sign-in", SignInAsync).AllowAnonymous().WithMetadata(new RequestSizeLimitAttribute(MaxForm));
        pages.MapPost("/sign-out", SignOutAsync).AllowAnonymous().WithMetadata(new RequestSizeLimitAttribute(MaxForm));
    }

    private static async Task<IResult> HomeAsync(HttpContext context, PortalCookie cookie, PortalPages pages, PortalForgery forgery, SignInSteps steps, PortalOptions portal)
    {
        var user = await PortalCookie.UserAsync(context);
        var wanted = ReturnPath.Of(context.Request.Query["return_path"]);
        return user is null ? pages.SignIn(await steps.BeginAsync(context), wanted)
            : portal.HomePath is { } home ? new PortalRedirect(wanted.StartsWith(ReturnPath.Home + "/", StringComparison.Ordinal) ? wanted : home)
            : pages.SignedIn(user, forgery.TokensFor(context, cookie.Read(context)));
    }

    private static async Task<IResult> SignedInAsync(HttpContext context, PortalCookie cookie, PortalPages pages, PortalForgery forgery) =>
        await PortalCookie.UserAsync(context) is { } user
            ? pages.SignedIn(user, forgery.TokensFor(context, cookie.Read(context)))
            : new PortalRedirect($"{ReturnPath.Home}?return_path={ReturnPath.Home}/signed-in");

    private static async Task<IResult> SignInAsync(HttpContext context, PortalPages pages, SignInSteps steps)
    {
        var step = await steps.ContinueAsync(context);
        var returnPath = ReturnPath.Of((await context.Request.ReadFormAsync(context.RequestAborted))["return_path"]);
        return step is null ? new PortalRedirect(returnPath) : pages.SignIn(step, returnPath);
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
