using IoTPlatform.Hosting;
using IoTPlatform.Identity.Oidc;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;
using OpenIddict.EntityFrameworkCore.Models;
using OpenIddict.Server;

namespace IoTPlatform.Identity.Issuer;

public static class IssuerServices
{
    /// <summary>
    /// OpenIddict's server on this stack's accounts and database. Needs AddPortal, whose sessions it signs people in by. The host's own API accepts its
    /// access tokens by the rules of any other issuer's, with its keys from this process.
    /// </summary>
    /// <param name="authentication">The host's.</param>
    /// <param name="issuer">Where it is.</param>
    /// <param name="replaced">Tenants federate to another identity provider than this: none has a client here.</param>
    internal static AuthenticationBuilder AddIssuer(this AuthenticationBuilder authentication, IssuerOptions issuer, bool replaced)
    {
        var services = authentication.Services;
        services.AddSingleton(issuer);
        services.AddSingleton<IssuerPaths>();
        services.AddSingleton(new RequestHandlerPath(issuer.Issuer.AbsolutePath));
        services.AddSingleton(new RequestHandlerPath($"/realms/{issuer.Realm}"));
        services.AddSingleton<IssuerPages>();
        services.AddSingleton<IssuerSessions>();
        services.AddSingleton<IssuerLimits>();
        services.AddSingleton<ServiceAccounts>();
        services.AddSingleton<SignInForm>();
        services.AddSingleton<LettingIn>();
        services.AddSingleton(s => new AccountExport(s));
        services.AddSingleton(new FederationClients(replaced));
        services.TryAddSingleton<RsaKeyMaker>(IssuerKey.MakeRsaKey);
        services.AddSingleton<IssuerKeys>();
        services.AddSingleton<IssuerMaintenance>();
        services.AddHostedService(s => s.GetRequiredService<IssuerMaintenance>());
        services.AddSingleton<IDbContextFactory<IssuerDb>>(s => new PooledDbContextFactory<IssuerDb>(Options(new DbContextOptionsBuilder<IssuerDb>(), s)));
        services.AddScoped(s => s.GetRequiredService<IDbContextFactory<IssuerDb>>().CreateDbContext());
        services.AddSingleton(s => new IssuerClients(s.GetRequiredService<IServiceScopeFactory>()));
        services.AddSingleton<IConfigureOptions<OpenIddictServerOptions>, IssuerServerOptions>();
        services.AddOpenIddict()
            .AddCore(core =>
            {
                core.UseEntityFrameworkCore().UseDbContext<IssuerDb>();
                core.ReplaceApplicationManager<OpenIddictEntityFrameworkCoreApplication, IssuerApplications>();
            })
            .AddServer(server => server.AddIssuerLimits().TakeUntypedClientAssertions().TakeClientAssertionsOnce().ShowConsoleCodes().UseAspNetCore()
                .EnableAuthorizationEndpointPassthrough().EnableTokenEndpointPassthrough().EnableUserInfoEndpointPassthrough().EnableEndSessionEndpointPassthrough()
                .EnableEndUserVerificationEndpointPassthrough()
                .EnableErrorPassthrough().SuppressJsonResponseIndentation());
        return authentication;
    }

    public static WebApplication MapIssuer(this WebApplication app)
    {
        app.MapIssuerEndpoints(app.Services.GetRequiredService<IssuerPaths>());
        return app;
    }

    private static DbContextOptions<IssuerDb> Options(DbContextOptionsBuilder<IssuerDb> builder, IServiceProvider services) =>
        builder.UseNpgsql(services.GetRequiredService<NpgsqlDataSource>()).Options;
}
