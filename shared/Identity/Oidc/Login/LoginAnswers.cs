using System.Security.Cryptography;
using System.Text;
using IoTPlatform.Identity.Data;
using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>
/// Which answers of the identity provider belong to the login that this browser began last. ASP.NET's handler keeps the PKCE verifier in its encrypted
/// state, and a correlation and a nonce cookie in the browser: a browser lured to an attacker's callback does not have them.
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

/// <summary>The identity provider's answer, brought by the browser (RFC 6749 section 4.1.2). Untrusted: it may be forged. No record: it would print the code.</summary>
internal sealed class AuthorizationResponse
{
    private const int MaxLength = 2048;
    private const int MaxError = 64;

    private AuthorizationResponse(string state, string? code, string? error, string? issuer)
    {
        State = state;
        Code = code;
        Error = error;
        Issuer = issuer;
    }

    public string State { get; }

    /// <summary>Null: there is an <see cref="Error"/>.</summary>
    public string? Code { get; }

    /// <summary>Fit for a log.</summary>
    public string? Error { get; }

    /// <summary>RFC 9207 section 2.</summary>
    public string? Issuer { get; }

    /// <summary>Throws <see cref="LoginException"/> <see cref="LoginProblem.Malformed"/>.</summary>
    public static AuthorizationResponse Of(IQueryCollection query)
    {
        var (state, code, error, issuer) = (One(query, "state"), One(query, "code"), One(query, "error"), One(query, "iss"));
        return state is null ? throw Malformed("no state")
            : code is null == error is null ? throw Malformed("neither or both of code and error")
            : new AuthorizationResponse(state, code, error is null ? null : Plain(error), issuer);
    }

    // RFC 6749 section 3.1: a parameter comes once; two readers of one request must not see two things.
    private static string? One(IQueryCollection query, string name) => query[name] switch
    {
        { Count: 0 } => null,
        [{ Length: > 0 and <= MaxLength } value] => value,
        _ => throw Malformed($"{name} is empty, too long or given twice"),
    };

    private static string Plain(string error) =>
        error.Length <= MaxError && error.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.') ? error : "(no error code)";

    private static LoginException Malformed(string reason) => new(LoginProblem.Malformed, $"The answer is malformed: {reason}.");
}

/// <summary>Completed logins, answered challenges of passkeys and assertions of clients, until they would have expired anyway: each completes once, also with a copy of the browser's cookie.</summary>
internal sealed class UsedLogins(IDbContextFactory<AccountsDb> contexts, TimeProvider time)
{
    /// <summary>False: it has come back before.</summary>
    public async Task<bool> TryUseAsync(string login, DateTimeOffset expires, CancellationToken cancellationToken)
    {
        var (now, hash) = (time.GetUtcNow(), SHA256.HashData(Encoding.ASCII.GetBytes(login)));
        await using var db = await contexts.CreateDbContextAsync(cancellationToken);
        await db.UsedLogins.Where(l => l.ExpiresAt <= now).ExecuteDeleteAsync(cancellationToken);
        // SQL: of two at once one is the first, and the other is no error.
        return await db.Database.ExecuteSqlAsync(
            $"INSERT INTO accounts.oidc_used_logins (state_hash, expires_at) VALUES ({hash}, {expires}) ON CONFLICT DO NOTHING", cancellationToken) == 1;
    }
}
