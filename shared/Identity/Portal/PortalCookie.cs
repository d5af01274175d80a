using System.Security.Claims;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace IoTPlatform.Identity.Portal;

/// <summary>
/// The cookie of a signed-in user: the encrypted key of a session on this server. Lax, not Strict: the login comes back
/// by a redirect from the identity provider's site, and a Strict cookie would not be sent along on the way to the portal.
/// </summary>
internal sealed class PortalCookie(PortalSessions sessions, PortalOptions portal, IOptionsMonitor<CookieAuthenticationOptions> cookies)
{
    /// <summary>In no policy of the API: there a browser would send its cookie along with a forged request.</summary>
    public const string Scheme = "Portal";

    // ASP.NET's claim for the key of an ITicketStore.
    private const string KeyClaim = "Microsoft.AspNetCore.Authentication.Cookies-SessionId";

    /// <summary>Bound to this origin by the browser (draft-ietf-httpbis-rfc6265bis section 4.1.3): no neighbour can set it.</summary>
    public static string NameOf(PortalOptions portal, string purpose) => $"__Host-iot-{portal.Name}-{purpose}";

    public static void Configure(CookieAuthenticationOptions options, PortalOptions portal, PortalSessions sessions)
    {
        options.Cookie.Name = NameOf(portal, "session");
        options.Cookie.Path = "/";
        options.Cookie.HttpOnly = true;
        options.Cookie.SecurePolicy = CookieSecurePolicy.Always;
        options.Cookie.SameSite = SameSiteMode.Lax;
        options.ExpireTimeSpan = SessionStore.Lifetime;
        options.SlidingExpiration = false;
        options.SessionStore = sessions;
        options.Events.OnRedirectToLogin = SignInFirst;
        options.Events.OnRedirectToAccessDenied = context => Status(context.Response, StatusCodes.Status403Forbidden);
    }

    /// <summary>A page leads to the sign-in and back; what a page itself asks for is refused.</summary>
    private static Task SignInFirst(RedirectContext<CookieAuthenticationOptions> context)
    {
        var request = context.Request;
        if (!HttpMethods.IsGet(request.Method) || !request.Path.StartsWithSegments(ReturnPath.Home))
        {
            return Status(context.Response, StatusCodes.Status401Unauthorized);
        }

        context.Response.Headers.Location = $"{ReturnPath.Home}?return_path={Uri.EscapeDataString(ReturnPath.Of(request.Path + request.QueryString))}";
        return Status(context.Response, StatusCodes.Status303SeeOther);
    }

    private static Task Status(HttpResponse response, int status)
    {
        response.StatusCode = status;
        return Task.CompletedTask;
    }

    /// <summary>The content of the request's cookie, without checking that the session is still valid.</summary>
    public PortalSession? Read(HttpContext context)
    {
        var options = cookies.Get(Scheme);
        return options.CookieManager.GetRequestCookie(context, NameOf(portal, "session")) is { } value
            ? PortalSession.Of(options.TicketDataFormat.Unprotect(value)?.Principal.FindFirst(KeyClaim)?.Value)
            : null;
    }

    /// <summary>Null if there is no valid session; an invalid cookie is deleted. Throws <see cref="ProblemException"/> 503 if that cannot be determined.</summary>
    public static async Task<PortalUser?> UserAsync(HttpContext context)
    {
        var result = await context.AuthenticateAsync(Scheme);
        if (result.Failure is not null)
        {
            await context.SignOutAsync(Scheme);
        }

        return result.Succeeded ? PortalUser.Of(result.Principal) : null;
    }

    /// <summary>Always starts a new session, replacing the browser's: prevents session fixation by a planted cookie.</summary>
    public async Task SignInAsync(HttpContext context, PortalSession session)
    {
        await EndAsync(context);
        var properties = new AuthenticationProperties();
        properties.SetString(PortalSessions.KeyProperty, session.Key);
        await context.SignInAsync(Scheme, new ClaimsPrincipal(new ClaimsIdentity(Scheme)), properties);
    }

    /// <returns>The ID token of a session that the identity provider may have, too.</returns>
    public async Task<string?> SignOutAsync(HttpContext context)
    {
        var idToken = await EndAsync(context);
        await context.SignOutAsync(Scheme);
        return idToken;
    }

    private async Task<string?> EndAsync(HttpContext context) => Read(context) is { } session ? await sessions.EndAsync(session, context.RequestAborted) : null;
}
