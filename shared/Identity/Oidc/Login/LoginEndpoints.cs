using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>The identity provider's addresses of a login, as whoever goes there reaches them.</summary>
internal sealed record LoginEndpoints
{
    /// <summary>For the browser.</summary>
    public required Uri Authorization { get; init; }

    /// <summary>For this host.</summary>
    public required Uri Token { get; init; }

    /// <summary>For the browser; null: the provider can't sign people out.</summary>
    public Uri? EndSession { get; init; }

    public required bool NamesIssuerInResponses { get; init; }

    public static LoginEndpoints Of(OpenIdConnectConfiguration document, IssuerAddress address) => new()
    {
        Authorization = address.Public(document.AuthorizationEndpoint ?? throw new OidcException("The discovery document has no authorization_endpoint.")),
        Token = address.Resolve(document.TokenEndpoint ?? throw new OidcException("The discovery document has no token_endpoint.")),
        EndSession = document.EndSessionEndpoint is null ? null : address.Public(document.EndSessionEndpoint),
        NamesIssuerInResponses = document.AuthorizationResponseIssParameterSupported,
    };
}
