using System.Security.Claims;
using System.Text.Encodings.Web;
using IoTPlatform.Jose;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace IoTPlatform.Hosting.Oidc;

/// <summary><c>Authorization: Bearer</c> with the identity provider's access token (RFC 6750 section 2.1).</summary>
internal sealed partial class BearerAuthenticationHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder, AccessTokenValidator tokens)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
{
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (TokenOf(Request) is not { } text)
        {
            return AuthenticateResult.NoResult();
        }

        try
        {
            var token = await tokens.ValidateAsync(text, Context.RequestAborted);
            var identity = new ClaimsIdentity(Scheme.Name, ClaimTypes.Name, ClaimTypes.Role);
            identity.AddClaim(new Claim(ClaimTypes.Name, token.Name));
            identity.AddClaim(new Claim(ClaimTypes.NameIdentifier, token.Subject));
            identity.AddClaims(token.Roles.Select(role => new Claim(ClaimTypes.Role, role)));
            return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name));
        }
        catch (JoseException e)
        {
            Refused(Logger, e.Error, e.Message, Request.HttpContext.Connection.RemoteIpAddress?.ToString() ?? "unknown");
            return AuthenticateResult.Fail("bearer token refused");
        }
    }

    // The same words whatever the reason was.
    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.StatusCode = StatusCodes.Status401Unauthorized;
        Response.Headers.WWWAuthenticate = "Bearer";
        return Task.CompletedTask;
    }

    // A session token of this server has no dots.
    private static string? TokenOf(HttpRequest request)
    {
        const string Prefix = "Bearer ";
        return request.Headers.Authorization is [{ } value] && value.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && value.Contains('.', StringComparison.Ordinal)
            ? value[Prefix.Length..]
            : null;
    }

    [LoggerMessage(32, LogLevel.Warning, "bearer token refused: {Error}: {Reason} (from {Address})")]
    private static partial void Refused(ILogger logger, JoseError error, string reason, string address);
}
