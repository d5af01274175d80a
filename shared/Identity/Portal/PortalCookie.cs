using System.Security.Claims;
using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace IoTPlatform.Identity.Portal;

/// <summary>
/// The cookie of somebody who is signed in: an encrypted reference to a session on this server. Lax, not Strict: the login comes back
/// by a redirect from the identity provider's site, and a Strict cookie would not be sent along on the way to the portal.
/// </summary>
internal sealed class PortalCookie(PortalSessions sessions, PortalOptions portal, IOptionsMonitor<CookieAuthenticationOptions> cookies) : CookieAuthenticationEvents
{
    /// <summary>In no policy of the API: there a browser would send its cookie along with a forged request.</summary>
    public const string Scheme = "Portal";

    /// <summary>Bound to this origin by the browser (draft-ietf-httpbis-rfc6265bis section 4.1.3): no neighbour can set it.</summary>
    public static string NameOf(PortalOptions portal, string purpose) => $"__Host-iot-{portal.Name}-{purpose}";

    public static void Configure(CookieAuthenticationOptions options, PortalOptions portal)
    {
        options.Cookie.Name = NameOf(portal, "session");
        options.Cookie.Path = "/";
        options.Cookie.HttpOnly = true;
        options.Cookie.SecurePolicy = CookieSecurePolicy.Always;
        options.Cookie.SameSite = SameSiteMode.Lax;
        options.ExpireTimeSpan = SessionStore.Lifetime;
        options.SlidingExpiration = false;
        options.EventsType = typeof(PortalCookie);
    }

    /// <summary>What the request's cookie says, without asking whether the session goes on.</summary>
    public PortalSession? Read(HttpContext context)
    {
        var options = cookies.Get(Scheme);
        return options.CookieManager.GetRequestCookie(context, NameOf(portal, "session")) is { } value ? PortalSession.Of(options.TicketDataFormat.Unprotect(value)?.Principal) : null;
    }

    /// <summary>Null: nobody is signed in. Throws <see cref="ProblemException"/> 503 when that can't be said.</summary>
    public static async Task<PortalUser?> UserAsync(HttpContext context) =>
        (await context.AuthenticateAsync(Scheme)) is { Succeeded: true } and { Principal: var principal } ? UserOf(principal) : null;

    /// <summary>A new session in place of the one the browser may have: a cookie that somebody else planted never becomes this person's.</summary>
    public async Task SignInAsync(HttpContext context, PortalSession session)
    {
        await EndAsync(context);
        await context.SignInAsync(Scheme, session.ToPrincipal());
    }

    /// <returns>The ID token of a session that the identity provider may have, too.</returns>
    public async Task<string?> SignOutAsync(HttpContext context)
    {
        var idToken = await EndAsync(context);
        await context.SignOutAsync(Scheme);
        return idToken;
    }

    public override async Task ValidatePrincipal(CookieValidatePrincipalContext context)
    {
        if (PortalSession.Of(context.Principal) is { } session && await sessions.FindAsync(session, context.HttpContext.RequestAborted) is { } user)
        {
            context.ReplacePrincipal(Principal(user));
            return;
        }

        context.RejectPrincipal();
        await context.HttpContext.SignOutAsync(Scheme);
    }

    private async Task<string?> EndAsync(HttpContext context) => Read(context) is { } session ? await sessions.EndAsync(session, context.RequestAborted) : null;

    private static ClaimsPrincipal Principal(PortalUser user)
    {
        var identity = new ClaimsIdentity(Scheme, ClaimTypes.Name, ClaimTypes.Role);
        identity.AddClaim(new Claim(ClaimTypes.Name, user.Name));
        identity.AddClaims(user.Roles.Select(role => new Claim(ClaimTypes.Role, role)));
        if (user.Issuer is not null)
        {
            identity.AddClaim(new Claim("iss", user.Issuer));
        }

        if (user.IdentityProvider is not null)
        {
            identity.AddClaim(new Claim("identity_provider", user.IdentityProvider));
        }

        return new ClaimsPrincipal(identity);
    }

    private static PortalUser UserOf(ClaimsPrincipal principal) => new()
    {
        Name = principal.Identity!.Name!,
        Roles = [.. principal.FindAll(ClaimTypes.Role).Select(role => role.Value)],
        Issuer = principal.FindFirst("iss")?.Value,
        IdentityProvider = principal.FindFirst("identity_provider")?.Value,
    };
}
