using IoTPlatform.Identity.Portal;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace IoTPlatform.Identity.Oidc.Login;

/// <summary>ASP.NET's login as this platform wants it: the authorization code flow with PKCE (OpenID Connect Core 1.0 section 3.1, RFC 7636, RFC 9700 section 2.1).</summary>
internal sealed class LoginOptions(LoginConfiguration configuration, IdTokenHandler idTokens, TokenEndpoint tokens, OidcClient client, LoginAnswers answers) : IConfigureNamedOptions<OpenIdConnectOptions>
{
    public const string Scheme = "OpenIdConnect";

    public void Configure(OpenIdConnectOptions options) => Configure(Scheme, options);

    public void Configure(string? name, OpenIdConnectOptions options)
    {
        options.ClientId = client.ClientId;
        options.CallbackPath = client.RedirectUri.AbsolutePath;
        options.RemoteSignOutPath = options.SignedOutCallbackPath = default;
        options.SignInScheme = PortalCookie.Scheme;
        options.EventsType = typeof(LoginEvents);
        options.ConfigurationManager = configuration;
        options.Backchannel = tokens.Client;
        options.TokenHandler = idTokens;
        options.TokenValidationParameters = idTokens.Parameters;
        options.ResponseType = OpenIdConnectResponseType.Code;
        options.ResponseMode = OpenIdConnectResponseMode.Query;
        options.Scope.Clear();
        options.Scope.Add(OpenIdConnectScope.OpenId);
        options.SaveTokens = true; // for TicketReceived: nothing else sees them
        options.PushedAuthorizationBehavior = PushedAuthorizationBehavior.Disable;
        options.DisableTelemetry = true;
        options.RemoteAuthenticationTimeout = options.ProtocolValidator.NonceLifetime = LoginAnswers.Lifetime;
        Harden(options.CorrelationCookie, answers.CookiePrefix);
        Harden(options.NonceCookie, answers.CookiePrefix + "nonce-");
    }

    // Lax: it has to come along when the identity provider's site sends the browser back.
    private static void Harden(CookieBuilder cookie, string name) =>
        (cookie.Name, cookie.Path, cookie.HttpOnly, cookie.SecurePolicy, cookie.SameSite) = (name, "/", true, CookieSecurePolicy.Always, SameSiteMode.Lax);
}

/// <summary>The portal as a client of the identity provider (RFC 6749 section 2: confidential).</summary>
internal sealed record OidcClient
{
    public required string ClientId { get; init; }

    /// <summary>Exactly as registered.</summary>
    public required Uri RedirectUri { get; init; }

    /// <summary>Exactly as registered.</summary>
    public required Uri PostLogoutRedirectUri { get; init; }
}

/// <summary>The secret of the portal's client at the identity provider.</summary>
public interface IClientSecret
{
    /// <summary>Null: there is none yet.</summary>
    Task<string?> FindAsync(CancellationToken cancellationToken);
}
