using IoTPlatform.Hosting;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Oidc;

public static class OidcExtensions
{
    /// <summary>The authentication scheme of access tokens.</summary>
    public const string BearerScheme = "Bearer";

    /// <summary>Says at start, and in <c>/health/ready</c>, when the identity provider is not the one the settings describe. Needs AddPlatformHosting with the same options.</summary>
    public static IServiceCollection AddIssuerCheck(this IServiceCollection services, OidcOptions? oidc) => oidc is null ? services : services.AddHostedService<IssuerCheck>();

    /// <summary>Access tokens of another server, whose keys are fetched from it.</summary>
    internal static AuthenticationBuilder AddOidcBearer(this AuthenticationBuilder authentication, OidcOptions options)
    {
        authentication.Services.AddIssuerOverHttp(options);
        authentication.Services.AddSingleton<IReadinessCheck>(services => services.GetRequiredService<IssuerState>());
        return authentication.AddBearer(options, services => services.GetRequiredService<ISigningKeys>());
    }

    /// <summary>Another server's discovery document and keys.</summary>
    internal static IServiceCollection AddIssuerOverHttp(this IServiceCollection services, OidcOptions options) => services
        .AddSingleton(options)
        .AddSingleton(_ => new OidcHttp(options))
        .AddSingleton<IssuerState>()
        .AddSingleton<ISigningKeys, SigningKeyCache>();

    /// <summary>Whose access tokens the API takes. The portal may sign people in at another issuer, which is the container's <see cref="OidcOptions"/>.</summary>
    internal static AuthenticationBuilder AddBearer(this AuthenticationBuilder authentication, OidcOptions issuer, Func<IServiceProvider, ISigningKeys> keys)
    {
        authentication.Services.AddSingleton(services => new AccessTokenHandler(issuer, keys(services), services.GetRequiredService<TimeProvider>()));
        authentication.Services.AddSingleton<BearerEvents>();
        authentication.Services.AddOptions<JwtBearerOptions>(BearerScheme).Configure<AccessTokenHandler>((bearer, tokens) =>
        {
            bearer.TokenHandlers.Clear();
            bearer.TokenHandlers.Add(tokens);
            bearer.TokenValidationParameters = tokens.Parameters;
            bearer.EventsType = typeof(BearerEvents);
            bearer.SaveToken = false;
        });
        return authentication.AddJwtBearer(BearerScheme, _ => { });
    }
}
