using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Hosting.Oidc;

internal static class OidcExtensions
{
    /// <summary>The authentication scheme of access tokens.</summary>
    public const string BearerScheme = "Bearer";

    public static AuthenticationBuilder AddOidcBearer(this AuthenticationBuilder authentication, OidcOptions options)
    {
        authentication.Services.AddSingleton(options);
        authentication.Services.AddSingleton(_ => new OidcHttp(options));
        authentication.Services.AddSingleton<SigningKeyCache>();
        authentication.Services.AddSingleton<IssuerSignatures>();
        authentication.Services.AddSingleton<AccessTokenValidator>();
        return authentication.AddScheme<AuthenticationSchemeOptions, BearerAuthenticationHandler>(BearerScheme, null);
    }
}
