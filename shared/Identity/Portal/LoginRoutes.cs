using IoTPlatform.Identity.Oidc.Login;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace IoTPlatform.Identity.Portal;

/// <summary>To the identity provider and back.</summary>
internal static class LoginRoutes
{
    public static void MapOidcLogin(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/oidc/login", BeginAsync).AllowAnonymous();

        // ASP.NET's handler answers before the endpoint is run; what no route has is answered 404 before that.
        pages.MapGet("/oidc/callback", () => Results.BadRequest()).AllowAnonymous();
    }

    private static Task BeginAsync(HttpContext context, LoginAnswers answers, IClientSecret secret, LoginEvents events) => events.PageAsync(context, async () =>
    {
        if (await secret.FindAsync(context.RequestAborted) is null)
        {
            throw new LoginException(LoginProblem.NotSetUp, "The portal's client has not been made yet.");
        }

        var login = answers.Begin(ReturnPath.Of(context.Request.Query["return_path"]));
        if (context.Request.Query["as"] == "somebody-else")
        {
            login.SetParameter(OpenIdConnectParameterNames.Prompt, "login");
        }

        await context.ChallengeAsync(LoginOptions.Scheme, login);
        return new PortalRedirect(context.Response.Headers.Location.ToString());
    });
}

/// <summary>Where a login leads afterwards: a page of the portal, never another site.</summary>
internal static class ReturnPath
{
    public const string Home = "/portal";
    private const int MaxLength = 512;

    /// <summary>The path that was asked for where it is one of the portal's, else <see cref="Home"/>.</summary>
    public static string Of(string? wanted) =>
        wanted is { Length: <= MaxLength } && (wanted == Home || wanted.StartsWith(Home + "/", StringComparison.Ordinal) || wanted.StartsWith(Home + "?", StringComparison.Ordinal))
            && !wanted.Contains("//", StringComparison.Ordinal) && wanted.All(IsPlain)
            ? wanted
            : Home;

    // No backslash, which browsers read as a slash; no control characters, which they drop.
    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.' or '~' or '?' or '=' or '&' or '%' or '+';
}
