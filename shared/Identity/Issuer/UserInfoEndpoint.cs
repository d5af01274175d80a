using IoTPlatform.Identity.Oidc.Login;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace IoTPlatform.Identity.Issuer;

/// <summary>OpenID Connect Core 1.0 section 5.3. OpenIddict has checked the access token before.</summary>
internal static class UserInfoEndpoint
{
    /// <summary>As in the ID token of the same client: a tenant's Keycloak reads both.</summary>
    public static async Task<IResult> ShowAsync(HttpContext context, IssuerClients clients, AccountStore accounts, CancellationToken cancellationToken)
    {
        var token = (await context.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme)).Principal!;
        if (await accounts.FindAsync(Guid.Parse(token.GetClaim(Claims.Subject)!), cancellationToken) is not { } account)
        {
            return AuthorizationEndpoint.Refuse(Errors.InvalidToken, "The account is gone.");
        }

        var info = new Dictionary<string, object>(StringComparer.Ordinal) { [Claims.Subject] = token.GetClaim(Claims.Subject)!, [Claims.PreferredUsername] = account.Username };
        if (token.GetClaim(Claims.ClientId) is { } clientId && await clients.FindAsync(clientId, cancellationToken) is { IsFederation: true })
        {
            info[PlatformRoles.Claim] = IssuerClaims.PlatformRolesOf(account.Roles);
        }

        return Results.Json(info);
    }
}
