using IoTPlatform.Hosting;
using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Issuer;

/// <summary>The issuer's pages, as the portal's: without scripts. They lead on to the issuer itself, with the request that they were made for.</summary>
internal sealed class IssuerPages(PortalPages portal, IssuerPaths paths)
{
    /// <summary>The form's field with the request's query.</summary>
    public const string RequestField = "request";

    public PortalPage SignIn(string? client, string request, AntiforgeryTokenSet forgery, string? problem = null, int status = StatusCodes.Status200OK, TimeSpan? retryAfter = null) => new(
        portal.Frame("Sign in", $"""
            <h1>Sign in</h1>
            {(problem is null ? Markup.None : $"<p class=\"problem\" role=\"alert\">{problem}</p>")}
            <section>
            <p>{(client is null ? "With your account of this server." : $"With your account of this server, for {client}.")}</p>
            {PortalPages.SignInForm("/" + paths.SignIn, forgery, RequestField, request)}
            </section>
            """),
        status,
        retryAfter);

    public PortalPage Continue(QueryString request) => Leading("Signed in", "Continue", paths.Authorization + request);

    public PortalPage SignOut(string name, string request, AntiforgeryTokenSet forgery) => new(portal.Frame("Sign out", $"""
        <section>
        <h1>Sign out?</h1>
        <p>You are signed in as {name}.</p>
        <form method="post" action="/{paths.SignOut}">{PortalPages.Hidden(forgery)}<input type="hidden" name="{RequestField}" value="{request}"><button class="button" type="submit">Sign out</button></form>
        <p><a href="{ReturnPath.Home}">Stay signed in</a></p>
        </section>
        """));

    public PortalPage SigningOut(QueryString request) => Leading("Signing out", "Continue", paths.EndSession + request);

    /// <summary>Back to a client by a person's own click: the address is one that is registered, but any site could have named it.</summary>
    public PortalPage SignedOut(Uri back) => new(portal.Frame("Signed out", $"""
        <section>
        <h1>Signed out</h1>
        <p>Nobody is signed in here in this browser.</p>
        <p><a class="button" href="{back.AbsoluteUri}">Go on to {back.Authority}</a></p>
        <p><a href="{ReturnPath.Home}">To the portal</a></p>
        </section>
        """));

    /// <summary>A request that is not to be trusted: nothing of it is shown or gone to.</summary>
    public PortalPage BadRequest(string error, string? description) => new(
        portal.Frame("Problem", $"""
            <section>
            <h1>This link does not work</h1>
            <p class="problem" role="alert">The server that sent you here asked for something that it may not have ({error}). {description}</p>
            <p><a href="{ReturnPath.Home}">To the portal</a></p>
            </section>
            """),
        StatusCodes.Status400BadRequest);

    public PortalPage Problem(ProblemException problem) => portal.Problem(problem);

    private PortalPage Leading(string title, string link, string path) => new(portal.Frame(
        title,
        $"""<section><h1>{title}</h1><p><a href="/{path}">{link}</a>: that happens by itself in a moment.</p></section>""",
        $"""<meta http-equiv="refresh" content="0;url=/{path}">"""));
}
