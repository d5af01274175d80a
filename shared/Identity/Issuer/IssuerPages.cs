using IoTPlatform.Hosting;
using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Issuer;

/// <summary>The issuer's pages, as the portal's: without scripts. They lead on to the issuer itself, with the request that they were made for.</summary>
internal sealed class IssuerPages(PortalPages portal, IssuerPaths paths, IssuerOptions options)
{
    /// <summary>The form's field with the request's query.</summary>
    public const string RequestField = "request";

    public PortalPage SignIn(string? client, string request, SignInStep step) => new(
        portal.Frame("Sign in", $"""
            <h1>Sign in</h1>
            {PortalPages.Alert(step.Problem)}
            <section>
            <p>{(client is null ? "With your account of this server." : $"With your account of this server, for {client}.")}</p>
            {PortalPages.SignInForm("/" + paths.SignIn, step, RequestField, request)}
            </section>
            """),
        step.Status,
        step.RetryAfter);

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

    public PortalPage DeviceSignIn(string request, SignInStep step) => new(
        portal.Frame("Let a device in", $"""
            <h1>Let a device in</h1>
            {PortalPages.Alert(step.Problem)}
            <section>
            <p>Sign in with your account of this server first.</p>
            {PortalPages.SignInForm("/" + paths.DeviceSignIn, step, RequestField, request)}
            </section>
            """),
        step.Status,
        step.RetryAfter);

    public PortalPage DeviceContinue(string request) => Leading("Signed in", "Continue", request.Length == 0 ? paths.Verification : $"{paths.Verification}?{request}");

    public PortalPage DeviceCode(string? problem = null) => new(
        portal.Frame("Let a device in", $"""
            <h1>Let a device in</h1>
            {PortalPages.Alert(problem)}
            <section>
            <form method="get" action="/{paths.Verification}">
            <label for="user_code">The code that it shows</label><input id="user_code" name="user_code" autocomplete="off" inputmode="numeric" required>
            <button class="button" type="submit">Continue</button></form>
            </section>
            """),
        problem is null ? StatusCodes.Status200OK : StatusCodes.Status404NotFound);

    public PortalPage DeviceConfirm(string name, IssuerClient client, string code, AntiforgeryTokenSet forgery) => new(portal.Frame("Let a device in", $"""
        <section>
        <h1>Let {client.DisplayName} in?</h1>
        <p>It shows the code <strong id="code">{code}</strong>, and will work here as {name}, with your roles, until you sign it out or eight hours are over.</p>
        <p class="problem">Only go on if you have begun this yourself, a moment ago. If somebody sent you the code or a link, it is theirs: refuse.</p>
        <form method="post" action="/{paths.Verification}">{PortalPages.Hidden(forgery)}<input type="hidden" name="user_code" value="{code}">
        <button class="button" type="submit" name="decision" value="allow">Let it in</button>
        <button class="button" type="submit" name="decision" value="deny">Refuse</button></form>
        </section>
        """));

    public PortalPage DeviceDone(bool allowed) => new(portal.Frame("Done", $"""
        <section>
        <h1>{(allowed ? "It is let in" : "It was refused")}</h1>
        <p>You may close this page and go back to the device.</p>
        </section>
        """));

    public PortalPage LetIn(string name, IssuerClient client, string request, AntiforgeryTokenSet forgery) => new(portal.Frame("Let a program in", $"""
        <section>
        <h1>Let {client.DisplayName} in?</h1>
        <p>{(client.IsForCertificates
            ? $"It asks who you are ({name}), for a certificate in your name of the CA at {options.PublicUrl.Authority}. Whoever has that certificate passes for you where such certificates are taken."
            : $"It runs on this machine, and will work here as {name}, with your roles, until you sign it out or eight hours are over.")}</p>
        <p class="problem">Only go on if you have begun this yourself, a moment ago.{(client.IsForCertificates ? $" If somebody sent you the link, it is theirs: refuse. Refuse as well if you have asked another CA than the one at {options.PublicUrl.Authority}: it could get the certificate in your place." : "")}</p>
        <form method="post" action="/{paths.LetIn}">{PortalPages.Hidden(forgery)}<input type="hidden" name="{RequestField}" value="{request}">
        <button class="button" type="submit" name="decision" value="allow">Let it in</button>
        <button class="button" type="submit" name="decision" value="deny">Refuse</button></form>
        </section>
        """));

    /// <param name="code">Null: it was refused.</param>
    public PortalPage ConsoleCode(string? code) => code is null
        ? new(portal.Frame("Refused", $"""<section><h1>It was refused</h1><p>You may close this page, and end the program.</p></section>"""))
        : new(portal.Frame("Your code", $"""
            <section>
            <h1>Your code</h1>
            <p>Type it in where the program asks for it, within five minutes:</p>
            <p><strong id="code">{code}</strong></p>
            <p class="problem">Tell it to nobody: who has it and began this gets a certificate in your name.</p>
            </section>
            """));

    public PortalPage Decided(QueryString request) => Leading("Going on", "Continue", paths.Authorization + request);

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
