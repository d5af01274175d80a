using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerHandlers.Protection;

namespace IoTPlatform.Identity.Issuer;

/// <summary>
/// An assertion by which a client proves itself is one without a type in its header, too: RFC 7523 asks for none, and libraries write none. OpenIddict takes
/// those that name their type; what an assertion must say beside it (issuer, subject, audience, end, signature by the client's key) stays as it is.
/// </summary>
internal static class ClientAssertions
{
    public static OpenIddictServerBuilder TakeUntypedClientAssertions(this OpenIddictServerBuilder server) => server
        .AddEventHandler<OpenIddictServerEvents.ValidateTokenContext>(handler => handler.SetOrder(ResolveTokenValidationParameters.Descriptor.Order + 1).UseInlineHandler(context =>
        {
            // Only where nothing else is looked for: a token without a type must never pass for another kind.
            if (context.ValidTokenTypes.SetEquals([TokenTypeIdentifiers.Private.ClientAssertion]))
            {
                var parameters = context.TokenValidationParameters;
                var named = parameters.TypeValidator;
                parameters.TypeValidator = (type, token, rules) => string.IsNullOrEmpty(type) ? JsonWebTokenTypes.ClientAuthentication
                    : named is not null ? named(type, token, rules)
                    : rules.ValidTypes?.Contains(type, StringComparer.Ordinal) == true ? type
                    : throw new SecurityTokenInvalidTypeException("The assertion is of another type.");
            }

            return default;
        }));
}
