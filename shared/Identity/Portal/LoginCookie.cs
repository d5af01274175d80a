using System.Security.Cryptography;
using IoTPlatform.Identity.Oidc.Login;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Portal;

/// <summary>Binds a login to the browser that began it: whoever lures somebody to a callback of his own doesn't have this cookie there.</summary>
internal sealed class LoginCookie(PortalOptions portal, IDataProtectionProvider protection)
{
    private readonly IDataProtector _protector = protection.CreateProtector("portal.login");
    private readonly string _name = PortalCookie.NameOf(portal, "login");

    // Lax: it has to come along when the identity provider's site sends the browser back.
    private static CookieOptions Options => new() { Path = "/", HttpOnly = true, Secure = true, SameSite = SameSiteMode.Lax, IsEssential = true };

    public void Set(HttpResponse response, LoginAttempt attempt)
    {
        var options = Options;
        options.MaxAge = LoginAttempt.Lifetime;
        response.Cookies.Append(_name, _protector.Protect(attempt.Serialize()), options);
    }

    /// <summary>Null: none, or none of ours. The browser forgets it.</summary>
    public LoginAttempt? Take(HttpContext context)
    {
        if (context.Request.Cookies[_name] is not { } value)
        {
            return null;
        }

        context.Response.Cookies.Delete(_name, Options);
        try
        {
            return LoginAttempt.Parse(_protector.Unprotect(value));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }
}
