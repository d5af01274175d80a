using IoTPlatform.Hosting;
using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace IoTPlatform.Identity.Issuer;

/// <summary>RP-Initiated Logout 1.0. OpenIddict has checked the request before: the hint, the client, and the exact address that it leads back to.</summary>
internal static class EndSessionEndpoint
{
    /// <summary>Signs out a person whose ID token the client shows; asks everyone else first, since any site can send a browser here (section 2).</summary>
    public static async Task<IResult> EndAsync(HttpContext context, IssuerSessions sessions, IssuerPages pages, PortalForgery forgery)
    {
        if (context.GetOpenIddictServerResponse() is { Error: { } error } response)
        {
            return pages.BadRequest(error, response.ErrorDescription);
        }

        if (await sessions.FindAsync(context) is { } account)
        {
            var hint = (await context.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme)).Principal?.GetClaim(Claims.Subject);
            if (hint != IssuerSessions.SubjectOf(account))
            {
                return pages.SignOut(account.Username, AuthorizationEndpoint.Query(context.GetOpenIddictServerRequest()!), forgery.TokensFor(context, sessions.Current(context)));
            }

            await sessions.SignOutAsync(context);
        }

        return context.GetOpenIddictServerRequest()!.PostLogoutRedirectUri is null
            ? new PortalRedirect(ReturnPath.Home)
            : Results.SignOut(authenticationSchemes: [OpenIddictServerAspNetCoreDefaults.AuthenticationScheme]);
    }

    /// <summary>The sign-out page's form. It goes on to this issuer, which then finds nobody signed in.</summary>
    public static async Task<IResult> ConfirmAsync(HttpContext context, IssuerSessions sessions, IssuerPages pages, PortalForgery forgery, CancellationToken cancellationToken)
    {
        try
        {
            await forgery.RequireAsync(context, sessions.Current(context));
            var query = (await context.Request.ReadFormAsync(cancellationToken))[IssuerPages.RequestField].ToString();
            await sessions.SignOutAsync(context);
            return pages.SignedOut(AuthorizationEndpoint.Again(query));
        }
        catch (Exception e) when (ProblemTranslation.Of(e) is { } problem)
        {
            return pages.Problem(problem);
        }
    }
}
