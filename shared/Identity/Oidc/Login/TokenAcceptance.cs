using System.Security.Claims;
using IoTPlatform.Jose;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>What becomes of tokens that came from the token endpoint: checked, and made into a session.</summary>
internal sealed class TokenAcceptance(OidcOptions options, IdTokenHandler idTokens, AccessTokenHandler accessTokens, TimeProvider time)
{
    /// <summary>Throws <see cref="JoseException"/> for tokens that are not this login's, <see cref="LoginException"/> for a person without a role, 503 without the issuer's keys.</summary>
    public async Task<OidcSession> AcceptAsync(TokenSet tokens, string nonce)
    {
        var idToken = tokens.IdToken ?? throw new JoseException(JoseError.Malformed, "There is no ID token.");
        var identity = await idTokens.ValidateAsync(idToken, nonce, tokens.AccessToken);
        var subject = identity.FindFirst(ClaimTypes.NameIdentifier)!.Value;
        var access = await StaffsAccessOfAsync(tokens, subject);
        var now = time.GetUtcNow();
        return new OidcSession
        {
            Issuer = options.Issuer,
            Subject = subject,
            Name = access.Name,
            IdentityProvider = identity.FindFirst(IdTokenHandler.IdentityProviderClaim)?.Value,
            Roles = access.Roles,
            IdToken = idToken,
            RefreshToken = tokens.RefreshToken,
            RefreshAt = RefreshAt(access, now),
            ValidUntil = access.Expires,
            ExpiresAt = now + SessionStore.Lifetime,
        };
    }

    /// <summary>The same session with what the refresh brought. Throws <see cref="JoseException"/> for another person's tokens and for a person without a role by now, 503 without the issuer's keys.</summary>
    public async Task<OidcSession> AcceptRefreshAsync(TokenSet tokens, OidcSession session)
    {
        // OpenID Connect Core 1.0 section 12.2: there need not be a new one.
        if (tokens.IdToken is not null && !(await idTokens.ValidateAsync(tokens.IdToken, nonce: null, tokens.AccessToken)).HasClaim(ClaimTypes.NameIdentifier, session.Subject))
        {
            throw new JoseException(JoseError.Malformed, "The refreshed ID token is another person's.");
        }

        var access = await AccessOfAsync(tokens, session.Subject);
        return new OidcSession
        {
            Issuer = session.Issuer,
            Subject = session.Subject,
            Name = access.Name,
            IdentityProvider = session.IdentityProvider,
            Roles = access.Roles.Count > 0 ? access.Roles : throw new JoseException(JoseError.MissingClaim, "All of the platform's roles are gone."),
            IdToken = tokens.IdToken ?? session.IdToken,
            RefreshToken = tokens.RefreshToken ?? session.RefreshToken,
            RefreshAt = RefreshAt(access, time.GetUtcNow()),
            ValidUntil = access.Expires,
            ExpiresAt = session.ExpiresAt,
        };
    }

    private async Task<Access> StaffsAccessOfAsync(TokenSet tokens, string subject)
    {
        try
        {
            var access = await AccessOfAsync(tokens, subject);
            return access.Roles.Count > 0 ? access : throw new LoginException(LoginProblem.NoRole, $"{access.Name} has none of the platform's roles.");
        }
        catch (JoseException e) when (e.Error is JoseError.BadAudience or JoseError.MissingClaim)
        {
            // Keycloak adds this API's audience only for somebody with a role here.
            throw new LoginException(LoginProblem.NoRole, e.Message, e);
        }
    }

    private async Task<Access> AccessOfAsync(TokenSet tokens, string subject)
    {
        var token = await accessTokens.RequireAsync(tokens.AccessToken);
        var identity = token.ClaimsIdentity;
        return identity.HasClaim(ClaimTypes.NameIdentifier, subject)
            ? new Access(identity.Name!, [.. identity.FindAll(ClaimTypes.Role).Select(role => role.Value)], token.SecurityToken.ValidTo)
            : throw new JoseException(JoseError.Malformed, "The access token is another person's than the ID token.");
    }

    // With a fifth of the lifetime left for an identity provider that does not answer at once.
    private static DateTimeOffset RefreshAt(Access access, DateTimeOffset now) => now + (access.Expires - now) * 0.8;

    private sealed record Access(string Name, IReadOnlyList<string> Roles, DateTimeOffset Expires);
}
