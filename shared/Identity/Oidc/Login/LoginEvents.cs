using IoTPlatform.Hosting;
using IoTPlatform.Identity.Portal;
using IoTPlatform.Jose;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>What this platform adds to ASP.NET's login: one login per browser, used once; a session on this server; a page for what came to nothing.</summary>
internal sealed partial class LoginEvents(
    LoginAnswers answers, OidcClient client, TokenAcceptance acceptance, OidcSessionStore sessions, PortalCookie cookie, PortalPages pages, ILogger<LoginEvents> logger) : OpenIdConnectEvents
{
    /// <summary>Exactly as registered: the request may have come under another name.</summary>
    public override Task RedirectToIdentityProvider(RedirectContext context)
    {
        answers.Forget(context.HttpContext);
        context.ProtocolMessage.RedirectUri = client.RedirectUri.AbsoluteUri;
        return Task.CompletedTask;
    }

    public override async Task MessageReceived(MessageReceivedContext context)
    {
        try
        {
            await answers.RequireOwnAsync(context.HttpContext, context.Properties);
        }
        catch (Exception e) when (e is LoginException or OidcException)
        {
            context.Fail(e); // thrown, it would be logged as an error of this server's
        }
    }

    public override async Task TicketReceived(TicketReceivedContext context)
    {
        await PageAsync(context.HttpContext, async () =>
        {
            var session = await acceptance.AcceptAsync(context.Principal!, context.Properties!);
            var token = await sessions.OpenAsync(session, AddressOf(context.HttpContext), context.HttpContext.RequestAborted);
            await cookie.SignInAsync(context.HttpContext, new PortalSession(token, isLocal: false));
            return new PortalRedirect(context.ReturnUri!);
        });
        context.HandleResponse();
    }

    public override async Task RemoteFailure(RemoteFailureContext context)
    {
        await PageAsync(context.HttpContext, () => Task.FromException<IResult>(context.Failure!));
        context.HandleResponse();
    }

    /// <summary>The answer, or the page that says why there is none.</summary>
    public async Task PageAsync(HttpContext context, Func<Task<IResult>> answer)
    {
        IResult page;
        try
        {
            page = await answer();
        }
        catch (Exception e) when (context.RequestAborted.IsCancellationRequested)
        {
            throw new OperationCanceledException("The browser has gone.", e, context.RequestAborted);
        }
        catch (Exception e) when (Translate(e) is { } login)
        {
            Refused(login.Problem, login.Message, AddressOf(context));
            page = pages.Failed(login.Problem);
        }
        catch (Exception e) when (ProblemTranslation.Of(e) is { } problem)
        {
            ProblemLog.Answered(logger, context, problem);
            page = pages.Problem(problem);
        }

        if (context.Request.Path.Value == client.RedirectUri.AbsolutePath)
        {
            answers.Forget(context);
        }

        await page.ExecuteAsync(context);
    }

    private static LoginException? Translate(Exception failure) => failure switch
    {
        LoginException login => login,
        OidcMisconfiguredException or ProblemException { Code: IssuerState.Code } => new(LoginProblem.Misconfigured, failure.Message, failure),
        OidcException or ProblemException { Status: 503 } => new(LoginProblem.ProviderDown, failure.Message, failure),
        TokenRefusedException => new(LoginProblem.ProviderRefused, failure.Message, failure),
        JoseException token => new(LoginProblem.BadToken, $"{token.Error}: {token.Message}", token),
        OpenIdConnectProtocolException => new(LoginProblem.BadToken, $"{JoseError.Malformed}: The ID token's nonce or at_hash is not this login's.", failure),
        AuthenticationFailureException => new(LoginProblem.Malformed, failure.Message, failure), // tokens in the answer, or a correlation cookie that says something
        _ => null,
    };

    private static string AddressOf(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "unknown";

    [LoggerMessage(33, LogLevel.Warning, "login at the identity provider came to nothing: {Problem}: {Reason} (from {Address})")]
    private partial void Refused(LoginProblem problem, string reason, string address);
}
