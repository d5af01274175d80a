using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace IoTPlatform.Identity.Portal;

/// <summary>Where a person who was invited, or whose password was reset, chooses one. The link works once, and signs nobody in.</summary>
internal static class InvitationPage
{
    private const string Path = "/invitation";
    private const string TokenField = "token";
    private const int MaxForm = 16 * 1024;

    public static Uri Link(Uri publicUrl, string token) => new(publicUrl, $"portal{Path}?{TokenField}={token}");

    public static void MapInvitation(this IEndpointRouteBuilder pages)
    {
        pages.MapGet(Path, ShowAsync).AllowAnonymous();
        pages.MapPost(Path, ChooseAsync).AllowAnonymous().WithMetadata(new RequestSizeLimitAttribute(MaxForm));
    }

    private static async Task<IResult> ShowAsync(HttpContext context, AccountAdministration accounts, PortalCookie cookie, PortalPages pages, PortalForgery forgery, CancellationToken cancellationToken)
    {
        var token = context.Request.Query[TokenField].ToString();
        return SessionToken.IsOne(token) && await accounts.InvitedAsync(token, cancellationToken) is { } username
            ? Form(pages, username, token, forgery.TokensFor(context, cookie.Read(context)))
            : Gone(pages);
    }

    private static async Task<IResult> ChooseAsync(HttpContext context, AccountAdministration accounts, PortalCookie cookie, PortalPages pages, PortalForgery forgery, CancellationToken cancellationToken)
    {
        await forgery.RequireAsync(context, cookie.Read(context));
        var form = await context.Request.ReadFormAsync(cancellationToken);
        var (token, password) = (form[TokenField].ToString(), form["password"].ToString());
        if (!SessionToken.IsOne(token) || await accounts.InvitedAsync(token, cancellationToken) is not { } username)
        {
            return Gone(pages);
        }

        var problem = password != form["again"].ToString() ? "The two are not the same." : PasswordRules.Problem(password, username);
        return problem is not null ? Form(pages, username, token, forgery.TokensFor(context, cookie.Read(context)), problem)
            : await accounts.ChooseAsync(token, password, cancellationToken) ? Chosen(pages)
            : Gone(pages);
    }

    private static PortalPage Form(PortalPages pages, string username, string token, AntiforgeryTokenSet forgery, string? problem = null) => new(
        pages.Frame("Choose a password", $"""
            <h1>Choose a password</h1>
            {(problem is null ? Markup.None : $"<p class=\"problem\" role=\"alert\">{problem}</p>")}
            <section>
            <p>For your account <strong id="account">{username}</strong>. At least {PasswordRules.MinLength.ToString(System.Globalization.CultureInfo.InvariantCulture)} characters, of any kind, spaces too.</p>
            <form method="post" action="/portal{Path}">{PortalPages.Hidden(forgery)}<input type="hidden" name="{TokenField}" value="{token}"><input type="text" name="username" value="{username}" autocomplete="username" readonly hidden>
            <label for="password">Password</label><input id="password" name="password" type="password" autocomplete="new-password" required>
            <label for="again">The same again</label><input id="again" name="again" type="password" autocomplete="new-password" required>
            <button class="button" type="submit">Choose it</button></form>
            </section>
            """),
        problem is null ? StatusCodes.Status200OK : StatusCodes.Status422UnprocessableEntity);

    private static PortalPage Chosen(PortalPages pages) => new(pages.Frame("Password chosen", $"""
        <section>
        <h1>That is your password now</h1>
        <p><a class="button" href="{ReturnPath.Home}">Sign in</a></p>
        </section>
        """));

    private static PortalPage Gone(PortalPages pages) => new(
        pages.Frame("This link does not work", $"""
            <section>
            <h1>This link does not work</h1>
            <p class="problem" role="alert">It was used already, or its time is over. Ask an administrator for another one.</p>
            </section>
            """),
        StatusCodes.Status404NotFound);
}
