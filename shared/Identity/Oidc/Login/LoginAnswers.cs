using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>
/// Which answers of the identity provider belong to the login that this browser began last. ASP.NET's handler keeps state and PKCE verifier in the state
/// that it encrypts, and a correlation and a nonce cookie in the browser: whoever lures somebody to a callback of his own doesn't have them there.
/// </summary>
internal sealed class LoginAnswers(OidcOptions options, LoginConfiguration configuration, PortalOptions portal, UsedLogins used, TimeProvider time)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);
    private const string CorrelationProperty = ".xsrf"; // ASP.NET's

    /// <summary>How the names of a login's cookies begin.</summary>
    public string CookiePrefix { get; } = PortalCookie.NameOf(portal, "login-");

    public AuthenticationProperties Begin(string returnPath) => new() { RedirectUri = returnPath, ExpiresUtc = time.GetUtcNow() + Lifetime };

    /// <summary>The browser forgets what it began before.</summary>
    public void Forget(HttpContext context)
    {
        foreach (var name in context.Request.Cookies.Keys.Where(name => name.StartsWith(CookiePrefix, StringComparison.Ordinal)))
        {
            context.Response.Cookies.Delete(name, new CookieOptions { Path = "/", HttpOnly = true, Secure = true, SameSite = SameSiteMode.Lax });
        }
    }

    /// <summary>Throws <see cref="LoginException"/> unless the answer is a code, for what this browser began, and of the issuer.</summary>
    /// <param name="context">The callback.</param>
    /// <param name="state">What the answer's state decrypts to; null: it is none of ours.</param>
    public async Task RequireOwnAsync(HttpContext context, AuthenticationProperties? state)
    {
        var answer = AuthorizationResponse.Of(context.Request.Query);
        if (state?.GetString(CorrelationProperty) is not { } correlation || !context.Request.Cookies.ContainsKey(CookiePrefix + correlation))
        {
            throw context.Request.Cookies.Keys.Any(name => name.StartsWith(CookiePrefix, StringComparison.Ordinal))
                ? new LoginException(LoginProblem.AnotherAttempt, "The state is another login's.")
                : new LoginException(LoginProblem.NoAttempt, "This browser began no login.");
        }

        if (state.ExpiresUtc is not { } expires || time.GetUtcNow() >= expires)
        {
            throw new LoginException(LoginProblem.NoAttempt, "The login began too long ago.");
        }

        // RFC 9207 section 2.4: another issuer's code never goes to this one's token endpoint.
        if (answer.Issuer is null ? (await configuration.GetConfigurationAsync(context.RequestAborted)).AuthorizationResponseIssParameterSupported : answer.Issuer != options.Issuer)
        {
            throw new LoginException(LoginProblem.AnotherIssuer, answer.Issuer is null ? "The answer does not name its issuer." : "The answer is another issuer's.");
        }

        if (!await used.TryUseAsync(correlation, expires, context.RequestAborted))
        {
            throw new LoginException(LoginProblem.UsedBefore, "This login has come back before.");
        }

        if (answer.Error is { } error)
        {
            throw new LoginException(error == "access_denied" ? LoginProblem.Denied : LoginProblem.ProviderRefused, $"The identity provider answered {error}.");
        }
    }
}
