using IoTPlatform.Hosting;
using IoTPlatform.Jose;
using Microsoft.AspNetCore.Http.Extensions;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>The authorization code flow with PKCE (OpenID Connect Core 1.0 section 3.1, RFC 7636, RFC 9700 section 2.1).</summary>
internal sealed class OidcLogin(
    OidcOptions options, OidcClient client, IClientSecret secret, LoginEndpointCache endpoints, TokenEndpoint tokens, TokenAcceptance acceptance, UsedLogins used, TimeProvider time)
{
    /// <summary>Where the browser goes. Throws <see cref="LoginException"/> while there is no client or no identity provider.</summary>
    /// <param name="attempt">What the browser has to bring back.</param>
    /// <param name="asSomebodyElse">Ask who it is, also where somebody is signed in.</param>
    /// <param name="cancellationToken">Ends the wait for the discovery document.</param>
    public async Task<Uri> BeginAsync(LoginAttempt attempt, bool asSomebodyElse, CancellationToken cancellationToken)
    {
        if (await secret.FindAsync(cancellationToken) is null)
        {
            throw new LoginException(LoginProblem.NotSetUp, "The portal's client has not been made yet.");
        }

        try
        {
            var query = new QueryBuilder
            {
                { "response_type", "code" },
                { "client_id", client.ClientId },
                { "redirect_uri", client.RedirectUri.AbsoluteUri },
                { "scope", "openid" },
                { "state", attempt.State },
                { "nonce", attempt.Nonce },
                { "code_challenge", attempt.Challenge },
                { "code_challenge_method", "S256" },
            };
            if (asSomebodyElse)
            {
                query.Add("prompt", "login");
            }

            return WithQuery((await endpoints.GetAsync(cancellationToken)).Authorization, query);
        }
        catch (OidcException e)
        {
            throw Down(e);
        }
    }

    /// <summary>The session that the answer is worth. Throws <see cref="LoginException"/>.</summary>
    /// <param name="answer">What the browser brought.</param>
    /// <param name="attempt">What this browser began; null: nothing.</param>
    /// <param name="cancellationToken">Ends the calls to the identity provider.</param>
    public async Task<OidcSession> CompleteAsync(AuthorizationResponse answer, LoginAttempt? attempt, CancellationToken cancellationToken)
    {
        try
        {
            await RequireOwnAsync(answer, attempt, cancellationToken);
            return answer.Error is { } error
                ? throw new LoginException(error == "access_denied" ? LoginProblem.Denied : LoginProblem.ProviderRefused, $"The identity provider answered {error}.")
                : await acceptance.AcceptAsync(await tokens.RedeemAsync(answer.Code!, attempt!.Verifier, cancellationToken), attempt.Nonce);
        }
        catch (OidcException e)
        {
            throw Down(e);
        }
        catch (ProblemException e) when (e.Status == 503)
        {
            throw Down(e);
        }
        catch (TokenRefusedException e)
        {
            throw new LoginException(LoginProblem.ProviderRefused, e.Message, e);
        }
        catch (JoseException e)
        {
            throw new LoginException(LoginProblem.BadToken, $"{e.Error}: {e.Message}", e);
        }
    }

    /// <summary>Where the browser signs out at the identity provider, too (RP-Initiated Logout 1.0 section 2). Null: nowhere, or it does not answer.</summary>
    public async Task<Uri?> EndAsync(string idToken, CancellationToken cancellationToken)
    {
        try
        {
            return (await endpoints.GetAsync(cancellationToken)).EndSession is { } end
                ? WithQuery(end, new QueryBuilder
                {
                    { "id_token_hint", idToken },
                    { "client_id", client.ClientId },
                    { "post_logout_redirect_uri", client.PostLogoutRedirectUri.AbsoluteUri },
                })
                : null;
        }
        catch (OidcException)
        {
            return null;
        }
    }

    private async Task RequireOwnAsync(AuthorizationResponse answer, LoginAttempt? attempt, CancellationToken cancellationToken)
    {
        if (attempt is null || time.GetUtcNow() >= attempt.Expires)
        {
            throw new LoginException(LoginProblem.NoAttempt, attempt is null ? "This browser began no login." : "The login began too long ago.");
        }

        if (!attempt.HasState(answer.State))
        {
            throw new LoginException(LoginProblem.AnotherAttempt, "The state is another login's.");
        }

        // RFC 9207 section 2.4: another issuer's code never goes to this one's token endpoint.
        if (answer.Issuer is null ? (await endpoints.GetAsync(cancellationToken)).NamesIssuerInResponses : answer.Issuer != options.Issuer)
        {
            throw new LoginException(LoginProblem.AnotherIssuer, answer.Issuer is null ? "The answer does not name its issuer." : "The answer is another issuer's.");
        }

        if (!await used.TryUseAsync(attempt, cancellationToken))
        {
            throw new LoginException(LoginProblem.UsedBefore, "This login has come back before.");
        }
    }

    private static Uri WithQuery(Uri url, QueryBuilder query) =>
        new UriBuilder(url) { Query = string.Join('&', new[] { url.Query.TrimStart('?'), query.ToString().TrimStart('?') }.Where(part => part.Length > 0)) }.Uri;

    private static LoginException Down(Exception e) =>
        new(e is OidcMisconfiguredException or ProblemException { Code: IssuerState.Code } ? LoginProblem.Misconfigured : LoginProblem.ProviderDown, e.Message, e);
}
