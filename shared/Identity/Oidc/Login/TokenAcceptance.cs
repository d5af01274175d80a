using System.IdentityModel.Tokens.Jwt;
using System.Security.Claims;
using IoTPlatform.Jose;
using Microsoft.AspNetCore.Authentication;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>Checks the tokens of the token endpoint and makes a session of them.</summary>
internal sealed class TokenAcceptance(OidcOptions options, OidcClient client, IdTokenHandler idTokens, IGrantedAccess access, TimeProvider time)
{
    // For refreshed tokens, whose login is already verified: no state, and a nonce, if present, is only that of the ID token itself.
    private static readonly OpenIdConnectProtocolValidator RefreshedTokens = new() { RequireNonce = false, RequireTimeStampInNonce = false, RequireStateValidation = false };

    /// <summary>Throws <see cref="JoseException"/> for an access token that is not this login's, <see cref="LoginException"/> for a person without a role, 503 without the issuer's keys.</summary>
    /// <param name="person">As the ID token says, which has been checked.</param>
    /// <param name="tokens">What came from the token endpoint.</param>
    public async Task<OidcSession> AcceptAsync(ClaimsPrincipal person, AuthenticationProperties tokens)
    {
        var subject = person.FindFirst(ClaimTypes.NameIdentifier)!.Value;
        var granted = await RequireRoleAsync(tokens.GetTokenValue(OpenIdConnectParameterNames.IdToken)!, tokens.GetTokenValue(OpenIdConnectParameterNames.AccessToken)!, subject);
        return Session(
            granted,
            subject,
            granted.IdentityProvider ?? person.FindFirst(IdTokenHandler.IdentityProviderClaim)?.Value,
            tokens.GetTokenValue(OpenIdConnectParameterNames.IdToken)!,
            tokens.GetTokenValue(OpenIdConnectParameterNames.RefreshToken),
            time.GetUtcNow() + SessionStore.Lifetime);
    }

    /// <summary>The same session with what the refresh brought. Throws <see cref="JoseException"/> for another person's tokens and for a person without a role by now, 503 without the issuer's keys.</summary>
    public async Task<OidcSession> AcceptRefreshAsync(OpenIdConnectMessage tokens, OidcSession session)
    {
        await RequireSamePersonAsync(tokens, session);
        var granted = await access.OfAsync(tokens.IdToken, tokens.AccessToken, session.Subject);
        return granted.Roles.Count > 0
            ? Session(granted, session.Subject, session.IdentityProvider, tokens.IdToken ?? session.IdToken, tokens.RefreshToken ?? session.RefreshToken, session.ExpiresAt)
            : throw new JoseException(JoseError.MissingClaim, "All of the platform's roles are gone.");
    }

    // OpenID Connect Core 1.0 section 12.2: there need not be a new one.
    private async Task RequireSamePersonAsync(OpenIdConnectMessage tokens, OidcSession session)
    {
        if (tokens.IdToken is null)
        {
            return;
        }

        var result = await idTokens.RequireAsync(tokens.IdToken);
        if (!result.ClaimsIdentity.HasClaim(ClaimTypes.NameIdentifier, session.Subject))
        {
            throw new JoseException(JoseError.Malformed, "The refreshed ID token is another person's.");
        }

        try
        {
            var jwt = JwtSecurityTokenConverter.Convert((JsonWebToken)result.SecurityToken);
            RefreshedTokens.ValidateTokenResponse(new() { ClientId = client.ClientId, ProtocolMessage = tokens, ValidatedIdToken = jwt, Nonce = jwt.Payload.Nonce });
        }
        catch (OpenIdConnectProtocolException e)
        {
            throw new JoseException(JoseError.Malformed, "The refreshed ID token belongs to another access token.", e);
        }
    }

    private async Task<GrantedAccess> RequireRoleAsync(string idToken, string accessToken, string subject)
    {
        try
        {
            var granted = await access.OfAsync(idToken, accessToken, subject);
            return granted.Roles.Count > 0 ? granted : throw new LoginException(LoginProblem.NoRole, $"{granted.Name} has none of the platform's roles.");
        }
        catch (JoseException e) when (e.Error is JoseError.BadAudience or JoseError.MissingClaim)
        {
            // Keycloak adds this API's audience only for users with a role here.
            throw new LoginException(LoginProblem.NoRole, e.Message, e);
        }
    }

    private OidcSession Session(GrantedAccess granted, string subject, string? identityProvider, string idToken, string? refreshToken, DateTimeOffset expiresAt)
    {
        var now = time.GetUtcNow();
        return new OidcSession
        {
            Issuer = options.Issuer,
            Subject = subject,
            Name = granted.Name,
            IdentityProvider = identityProvider,
            Roles = granted.Roles,
            IdToken = idToken,
            RefreshToken = refreshToken,
            RefreshAt = now + (granted.Expires - now) * 0.8, // a fifth of the lifetime is left for an identity provider that does not answer at once
            ValidUntil = granted.Expires,
            ExpiresAt = expiresAt,
        };
    }
}
