using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using OpenIddict.Abstractions;
using OpenIddict.Core;
using OpenIddict.EntityFrameworkCore.Models;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace IoTPlatform.Identity.Issuer;

/// <summary>
/// Codes and refresh tokens for tokens (RFC 6749 sections 4.1.3 and 6), and a program's credentials (section 4.4). OpenIddict has authenticated the client,
/// checked the verifier and that a code is used once; here the session that they came from must still be one, and roles are those of now.
/// </summary>
internal static class TokenExchange
{
    public static async Task<IResult> ExchangeAsync(
        HttpContext context, IssuerSessions sessions, OpenIddictApplicationManager<OpenIddictEntityFrameworkCoreApplication> applications, IssuerLimits limits, CancellationToken cancellationToken)
    {
        var request = context.GetOpenIddictServerRequest()!;
        limits.Token(context, request.ClientId!); // before a code is used up
        if (request.IsClientCredentialsGrantType())
        {
            return await ServiceAccounts.FindAsync(applications, request.ClientId!, cancellationToken) is { } program
                ? Results.SignIn(IssuerClaims.Principal(program), authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme)
                : AuthorizationEndpoint.Refuse(Errors.UnauthorizedClient, "The client is no service account.");
        }

        var granted = (await context.AuthenticateAsync(OpenIddictServerAspNetCoreDefaults.AuthenticationScheme)).Principal!;
        var client = (await IssuerClients.FindAsync(applications, request.ClientId!, cancellationToken))!;
        return IssuerClaims.SessionOf(granted) is { } session && await sessions.FindAsync(session, cancellationToken) is { } account
            ? Results.SignIn(IssuerClaims.Principal(account, granted.GetScopes(), client), authenticationScheme: OpenIddictServerAspNetCoreDefaults.AuthenticationScheme)
            : AuthorizationEndpoint.Refuse(Errors.InvalidGrant, "The session has ended.");
    }
}
