using IoTPlatform.Hosting;
using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace IoTPlatform.Identity.Issuer;

/// <summary>RP-Initiated Logout 1.0. OpenIddict has checked the request before: the hint, the client, and the exact address that it leads back to.</summary>
internal static class EndSessionEndpoint
{
    /// <summary>
    /// Signs out a person whose ID token the client shows; asks everyone else first, since any site can send a browser here (section 2). Without such a
    /// token it leads back to no client by itself (section 3).
    /// </summary>
    public static async Task<IResult> EndAsync(HttpContext context, IssuerSessions sessions, IssuerPages pages, PortalForgery forgery)
    {
        if (context.GetOpenIddictServerResponse() is { Error: { } error } response)
        {
            return pages.BadRequest(error, response.ErrorDescription);
        }

        var request = context.GetOpenIddictServerRequest()!;
        if (HttpMethods.IsPost(context.Request.Method))
        {
            // A form of another site comes without the session's cookie, which is Lax: only by GET it is seen whether anyone is signed in.
            return pages.SigningOut(AuthorizationEndpoint.Again(AuthorizationEndpoint.Query(request)));
        }

        var hint = (await context.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme)).Principal?.GetClaim(Claims.Subject);
        if (await sessions.FindAsync(context) is { } account)
        {
            if (hint != IssuerSessions.SubjectOf(account))
            {
                return pages.SignOut(account.Username, AuthorizationEndpoint.Query(request), forgery.TokensFor(context, sessions.Current(context)));
            }

            await sessions.SignOutAsync(context);
        }

        return request.PostLogoutRedirectUri is not { } back ? new PortalRedirect(ReturnPath.Home)
            : hint is not null ? Results.SignOut(authenticationSchemes: [OpenIddictServerAspNetCoreDefaults.AuthenticationScheme])
            : pages.SignedOut(new Uri(request.State is { } state ? QueryHelpers.AddQueryString(back, Parameters.State, state) : back));
    }

    /// <summary>The sign-out page's form. It goes on to this issuer, which then finds nobody signed in.</summary>
    public static async Task<IResult> ConfirmAsync(HttpContext context, IssuerSessions sessions, IssuerPages pages, PortalForgery forgery, CancellationToken cancellationToken)
    {
        try
        {
            await forgery.RequireAsync(context, sessions.Current(context));
            var query = (await context.Request.ReadFormAsync(cancellationToken))[IssuerPages.RequestField].ToString();
            await sessions.SignOutAsync(context);
            return pages.SigningOut(AuthorizationEndpoint.Again(query));
        }
        catch (Exception e) when (ProblemTranslation.Of(e) is { } problem)
        {
            return pages.Problem(problem);
        }
    }
}
