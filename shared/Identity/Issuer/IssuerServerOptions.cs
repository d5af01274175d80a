using IoTPlatform.Identity.Oidc.Login;
using Microsoft.Extensions.Options;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace IoTPlatform.Identity.Issuer;

/// <summary>
/// What OpenIddict's server offers: the authorization code flow with PKCE and refresh tokens (RFC 9700 section 2.1), device authorization (RFC 8628), and
/// credentials of programs. No implicit flow, no passwords.
/// </summary>
internal sealed class IssuerServerOptions(IssuerOptions issuer, IssuerPaths paths, IssuerKeys keys) : IConfigureOptions<OpenIddictServerOptions>
{
    public static readonly TimeSpan AccessTokenLifetime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan CodeLifetime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan DeviceCodeLifetime = TimeSpan.FromMinutes(10);

    public void Configure(OpenIddictServerOptions options)
    {
        options.Issuer = issuer.Issuer;
        Serve(options.ConfigurationEndpointUris, paths.Discovery);
        Serve(options.JsonWebKeySetEndpointUris, paths.Keys);
        Serve(options.AuthorizationEndpointUris, paths.Authorization);
        Serve(options.TokenEndpointUris, paths.Token);
        Serve(options.UserInfoEndpointUris, paths.UserInfo);
        Serve(options.EndSessionEndpointUris, paths.EndSession);
        Serve(options.RevocationEndpointUris, paths.Revocation);
        Serve(options.DeviceAuthorizationEndpointUris, paths.DeviceAuthorization);
        Serve(options.EndUserVerificationEndpointUris, paths.Verification);
        Serve(options.IntrospectionEndpointUris, paths.Introspection);
        options.GrantTypes.UnionWith([GrantTypes.AuthorizationCode, GrantTypes.RefreshToken, GrantTypes.ClientCredentials, GrantTypes.DeviceCode]);
        options.ResponseTypes.Add(ResponseTypes.Code);
        options.ResponseModes.UnionWith([ResponseModes.Query, ResponseModes.FormPost]);
        options.CodeChallengeMethods.Clear(); // "plain" is OpenIddict's default, too
        options.CodeChallengeMethods.Add(CodeChallengeMethods.Sha256);
        options.RequireProofKeyForCodeExchange = true;
        options.Scopes.UnionWith([Scopes.Profile, Scopes.Email, Scopes.OfflineAccess, IssuerScopes.Api, IssuerScopes.Federation]);
        options.Claims.UnionWith([Claims.Subject, Claims.PreferredUsername, Claims.AuthenticationTime, IssuerClaims.RealmAccess, PlatformRoles.Claim]);
        if (issuer.HasStepClient)
        {
            options.Claims.UnionWith([Claims.Email, Claims.EmailVerified, StepClient.Groups]);
        }

        options.AuthorizationCodeLifetime = CodeLifetime;
        options.DeviceCodeLifetime = options.UserCodeLifetime = DeviceCodeLifetime;
        options.AccessTokenLifetime = options.IdentityTokenLifetime = AccessTokenLifetime;
        options.RefreshTokenLifetime = SessionStore.Lifetime; // and never longer than the session
        options.DisableAccessTokenEncryption = true; // others read it: RFC 9068
        foreach (var key in keys.Current)
        {
            options.SigningCredentials.Add(key.Signing);
            options.EncryptionCredentials.Add(key.Encryption);
        }
    }

    private void Serve(List<Uri> endpoint, string path)
    {
        endpoint.Clear(); // of OpenIddict's defaults
        endpoint.AddRange(paths.Of(path).Select(address => new Uri(address, UriKind.RelativeOrAbsolute)));
    }
}
