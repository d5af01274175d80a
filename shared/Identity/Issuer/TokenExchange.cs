using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace IoTPlatform.Identity.Issuer;

/// <summary>
/// Codes and refresh tokens for tokens (RFC 6749 sections 4.1.3 and 6). OpenIddict has authenticated the client, checked the verifier and that a code
/// is used once; here the session that they came from must still be one, and roles are those of now.
/// </summary>
internal static class TokenExchange
{
    public static async Task<IResult> ExchangeAsync(HttpContext context, IssuerSessions sessions, IssuerClients clients, IssuerLimits limits, CancellationToken cancellationToken)
    {
        var granted = (await context.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme)).Principal!;
        var client = (await clients.FindAsync(context.GetOpenIddictServerRequest()!.ClientId!, cancellationToken))!;
        limits.Token(client.ClientId); // before the code is used up
        return IssuerClaims.SessionOf(granted) is { } session && await sessions.FindAsync(session, cancellationToken) is { } account
            ? Results.SignIn(IssuerClaims.Principal(account, granted.GetScopes(), client.IsFederation), authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme)
            : AuthorizationEndpoint.Refuse(Errors.InvalidGrant, "The session has ended.");
    }
}
