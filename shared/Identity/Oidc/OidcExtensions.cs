using IoTPlatform.Hosting;
using IoTPlatform.Identity.Issuer;
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

    /// <summary>Another server's discovery document and keys.</summary>
    internal static IServiceCollection AddIssuerOverHttp(this IServiceCollection services, OidcOptions options) => services
        .AddSingleton(options)
        .AddSingleton(_ => new OidcHttp(options))
        .AddSingleton<IssuerState>()
        .AddSingleton<ISigningKeys, SigningKeyCache>();

    /// <summary>Whose access tokens the API takes: this host's own, with its keys from this process, and those of another server, whose keys are fetched from it.</summary>
    internal static AuthenticationBuilder AddBearer(this AuthenticationBuilder authentication, IssuerOptions own, OidcOptions? other)
    {
        var services = authentication.Services;
        if (other is not null)
        {
            services.AddIssuerOverHttp(other);
            services.AddSingleton<IReadinessCheck>(s => s.GetRequiredService<IssuerState>());
            services.AddSingleton(s => new AccessTokenHandler(other, s.GetRequiredService<ISigningKeys>(), s.GetRequiredService<TimeProvider>()));
        }

        services.AddSingleton(s => new AccessTokens(
        [
            new AccessTokenHandler(own.Tokens, s.GetRequiredService<IssuerKeys>(), s.GetRequiredService<TimeProvider>()),
            .. other is null ? Array.Empty<AccessTokenHandler>() : [s.GetRequiredService<AccessTokenHandler>()],
        ]));
        services.AddSingleton<BearerEvents>();
        services.AddOptions<JwtBearerOptions>(BearerScheme).Configure<AccessTokens>((bearer, tokens) =>
        {
            bearer.TokenHandlers.Clear();
            bearer.TokenHandlers.Add(tokens);
            bearer.EventsType = typeof(BearerEvents);
            bearer.SaveToken = false;
        });
        return authentication.AddJwtBearer(BearerScheme, _ => { });
    }
}
