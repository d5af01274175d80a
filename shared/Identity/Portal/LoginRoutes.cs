using IoTPlatform.Identity.Oidc.Login;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Identity.Portal;

/// <summary>To the identity provider and back.</summary>
internal static partial class LoginRoutes
{
    public static void MapOidcLogin(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/oidc/login", BeginAsync).AllowAnonymous();
        pages.MapGet("/oidc/callback", CompleteAsync).AllowAnonymous();
    }

    private static Task<IResult> BeginAsync(HttpContext context, OidcLogin login, LoginCookie cookie, PortalPages pages, TimeProvider time, ILogger<OidcLogin> logger, CancellationToken cancellationToken) =>
        OrPageAsync(context, pages, logger, async () =>
        {
            var attempt = LoginAttempt.Begin(ReturnPath.Of(context.Request.Query["return_path"]), time.GetUtcNow());
            var provider = await login.BeginAsync(attempt, asSomebodyElse: context.Request.Query["as"] == "somebody-else", cancellationToken);
            cookie.Set(context.Response, attempt);
            return new PortalRedirect(provider.AbsoluteUri);
        });

    private static Task<IResult> CompleteAsync(
        HttpContext context, OidcLogin login, OidcSessionStore sessions, LoginCookie attempts, PortalCookie cookie, PortalPages pages, ILogger<OidcLogin> logger, CancellationToken cancellationToken) =>
        OrPageAsync(context, pages, logger, async () =>
        {
            var attempt = attempts.Take(context);
            var session = await login.CompleteAsync(AuthorizationResponse.Of(context.Request.Query), attempt, cancellationToken);
            var token = await sessions.OpenAsync(session, AddressOf(context), cancellationToken);
            await cookie.SignInAsync(context, new PortalSession(token, isLocal: false));
            return new PortalRedirect(attempt!.ReturnPath);
        });

    private static async Task<IResult> OrPageAsync(HttpContext context, PortalPages pages, ILogger logger, Func<Task<IResult>> answer)
    {
        try
        {
            return await answer();
        }
        catch (LoginException e)
        {
            Refused(logger, e.Problem, e.Message, AddressOf(context));
            return pages.Failed(e.Problem);
        }
    }

    private static string AddressOf(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "unknown";

    [LoggerMessage(33, LogLevel.Warning, "login at the identity provider came to nothing: {Problem}: {Reason} (from {Address})")]
    private static partial void Refused(ILogger logger, LoginProblem problem, string reason, string address);
}
