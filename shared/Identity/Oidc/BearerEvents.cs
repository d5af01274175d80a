using System.Runtime.ExceptionServices;
using System.Security.Claims;
using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace IoTPlatform.Identity.Oidc;

/// <summary><c>Authorization: Bearer</c> with an access token of this host's own issuer, or of the identity provider (RFC 6750 section 2.1): one answer to all refusals, the reason in the log.</summary>
internal sealed partial class BearerEvents(ILogger<BearerEvents> logger) : JwtBearerEvents
{
    public override Task MessageReceived(MessageReceivedContext context)
    {
        // Where anyone may call, authorization authenticates all the same, and a bearer token is the endpoint's own: an enrolment token, a tenant's proof.
        if (context.HttpContext.GetEndpoint()?.Metadata.GetMetadata<IAllowAnonymous>() is null && BearerToken.Of(context.Request) is { } token)
        {
            context.Token = token;
        }
        else
        {
            context.NoResult();
        }

        return Task.CompletedTask;
    }

    public override Task TokenValidated(TokenValidatedContext context)
    {
        if (!context.Principal!.HasClaim(claim => claim.Type == ClaimTypes.Role))
        {
            var refusal = new JoseException(JoseError.MissingClaim, "The token's realm_access.roles has none of the platform's roles.");
            Refused(refusal, context.HttpContext);
            context.Fail(refusal);
        }

        return Task.CompletedTask;
    }

    public override Task AuthenticationFailed(AuthenticationFailedContext context)
    {
        if (context.Exception is JoseException refusal)
        {
            Refused(refusal, context.HttpContext);
        }

        return Task.CompletedTask;
    }

    /// <summary>Throws the 503 of an issuer whose keys can't be had: a good token must not be thrown away.</summary>
    public override Task Challenge(JwtBearerChallengeContext context)
    {
        if (context.AuthenticateFailure is { } failure and not JoseException)
        {
            ExceptionDispatchInfo.Throw(failure);
        }

        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.Headers.WWWAuthenticate = "Bearer";
        context.HandleResponse();
        return Task.CompletedTask;
    }

    private void Refused(JoseException refusal, HttpContext context) => Refused(refusal.Error, refusal.Message, context.Connection.RemoteIpAddress?.ToString() ?? "unknown");

    [LoggerMessage(32, LogLevel.Warning, "bearer token refused: {Error}: {Reason} (from {Address})")]
    private partial void Refused(JoseError error, string reason, string address);
}
