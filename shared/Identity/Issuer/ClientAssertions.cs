using Microsoft.AspNetCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using IoTPlatform.Identity.Oidc.Login;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using OpenIddict.Server.AspNetCore;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerHandlers;
using static OpenIddict.Server.OpenIddictServerHandlers.Protection;

namespace IoTPlatform.Identity.Issuer;

/// <summary>Assertions by which a client proves itself (RFC 7523 section 2.2). OpenIddict checks issuer, subject, audience, end, and the signature by the client's key.</summary>
internal static class ClientAssertions
{
    private const int LongestId = 256;
    private const string AnyJwt = "JWT";

    /// <summary>How far ahead one may end: so long its id is kept.</summary>
    private static readonly TimeSpan LongestLife = TimeSpan.FromHours(1) + TimeSpan.FromMinutes(1);

    /// <summary>An assertion may be taken a little after its end, so its id is kept longer.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(10);

    /// <summary>One without a type in its header is one, too, or of type <c>JWT</c>: RFC 7523 asks for none, and libraries write either (RFC 7519 section 5.1).</summary>
    public static OpenIddictServerBuilder TakeUntypedClientAssertions(this OpenIddictServerBuilder server) => server
        .AddEventHandler<OpenIddictServerEvents.ValidateTokenContext>(handler => handler.SetOrder(ResolveTokenValidationParameters.Descriptor.Order + 1).UseInlineHandler(async context =>
        {
            // Only where nothing else is looked for: a token without a type must never pass for another kind.
            if (context.ValidTokenTypes.SetEquals([TokenTypeIdentifiers.Private.ClientAssertion]))
            {
                var parameters = context.TokenValidationParameters;
                var named = parameters.TypeValidator;
                parameters.TypeValidator = (type, token, rules) => string.IsNullOrEmpty(type) || type.Equals(AnyJwt, StringComparison.OrdinalIgnoreCase) ? JsonWebTokenTypes.ClientAuthentication
                    : named is not null ? named(type, token, rules)
                    : rules.ValidTypes?.Contains(type, StringComparer.Ordinal) == true ? type
                    : throw new SecurityTokenInvalidTypeException("The assertion is of another type.");
                await LookForClientAsync(context);
            }
        }));

    /// <summary>The keys are looked up again while the signature is verified, where an outage of the database would pass for a bad signature: it shows itself here.</summary>
    private static async Task LookForClientAsync(OpenIddictServerEvents.ValidateTokenContext context)
    {
        string? client;
        try
        {
            client = new JsonWebToken(context.Token).Issuer;
        }
        catch (ArgumentException)
        {
            return; // No JWT, as its validation says.
        }

        if (client is { Length: > 0 })
        {
            var applications = context.Transaction.GetHttpRequest()!.HttpContext.RequestServices.GetRequiredService<IOpenIddictApplicationManager>();
            await applications.FindByClientIdAsync(client, context.CancellationToken);
        }
    }

    /// <summary>Each counts once, for all processes on the database: its id (<c>jti</c>, which OpenID Connect Core 1.0 section 9 asks for) is kept until it ends.</summary>
    public static OpenIddictServerBuilder TakeClientAssertionsOnce(this OpenIddictServerBuilder server) => server
        .AddEventHandler<OpenIddictServerEvents.ProcessAuthenticationContext>(handler => handler
            .AddFilter<OpenIddictServerHandlerFilters.RequireClientAssertionPrincipal>()
            .SetOrder(ValidateClientAssertionIssuer.Descriptor.Order + 1)
            .UseInlineHandler(async context =>
            {
                var assertion = context.ClientAssertionPrincipal!;
                var services = context.Transaction.GetHttpRequest()!.HttpContext.RequestServices;
                if (assertion.GetClaim(Claims.JwtId) is not { Length: > 0 and <= LongestId } id || assertion.GetExpirationDate() is not { } end)
                {
                    context.Reject(Errors.InvalidClient, "The client assertion has no jti, or no end.");
                }
                else if (end > services.GetRequiredService<TimeProvider>().GetUtcNow() + LongestLife)
                {
                    context.Reject(Errors.InvalidClient, "The client assertion may end an hour ahead at most.");
                }
                else if (!await services.GetRequiredService<UsedLogins>().TryUseAsync($"assertion {assertion.GetClaim(Claims.Subject)} {id}", end + Skew, context.CancellationToken))
                {
                    context.Reject(Errors.InvalidClient, "The client assertion was used before.");
                }
            }));
}
