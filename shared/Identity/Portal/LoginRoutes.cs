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
