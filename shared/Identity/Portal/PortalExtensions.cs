using IoTPlatform.Hosting;
using IoTPlatform.Identity.Data;
using IoTPlatform.Identity.Factors;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Oidc;
using IoTPlatform.Identity.Oidc.Login;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace IoTPlatform.Identity.Portal;

public static class PortalExtensions
{
    /// <summary>
    /// The portal for browsers: a cookie of its own, local accounts and, where the host has one, the identity provider, or the platform provider's in
    /// its place; either needs an <see cref="IClientSecret"/>. The keys of data protection have to outlive the process.
    /// </summary>
    public static IServiceCollection AddPortal(this IServiceCollection services, PortalOptions portal, OidcOptions? oidc, PlatformProvider? platform = null)
    {
        services.AddSingleton(portal);
        services.AddSingleton(new StackTitle(portal.Title));
        services.AddSingleton(_ => new PortalPages(portal, oidc ?? platform?.Issuer, isPlatform: oidc is null));
        services.AddSingleton<PortalForgery>();
        services.AddSingleton(provider => new PortalSessions(provider.GetRequiredService<SessionStore>(), provider.GetService<OidcSessions>(), provider.GetService<OidcSessionStore>()));
        services.AddSingleton<PortalCookie>();
        services.AddSingleton<SignInSteps>();
        services.AddSingleton<SignInLinks>();
        services.AddSingleton<UsedLogins>();
        services.AddSingleton<PasskeyStore>();
        services.AddSingleton<Passkeys>();
        services.AddSingleton<OwnAccount>();
        services.AddSingleton<OwnSessions>();
        services.AddSingleton<OwnAccountCalls>();
        services.AddSingleton<AccountListCalls>();
        services.AddSingleton(provider => new IdentityOverview(
            provider.GetRequiredService<IDbContextFactory<AccountsDb>>(), provider.GetRequiredService<AccountAdministration>(), provider.GetService<ServiceAccounts>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IPortalAccess>(provider => new PortalAccess(provider.GetRequiredService<PortalSessions>()));
        services.AddAuthorizationBuilder().AddPolicy(PortalAccess.Policy, policy => policy.AddAuthenticationSchemes(PortalCookie.Scheme).RequireRole(Roles.All));
        services.AddAuthentication().AddCookie(PortalCookie.Scheme);
        services.AddOptions<CookieAuthenticationOptions>(PortalCookie.Scheme).Configure<PortalSessions>((cookie, sessions) => PortalCookie.Configure(cookie, portal, sessions));
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = PortalCookie.NameOf(portal, "form");
            antiforgery.Cookie.Path = "/";
            antiforgery.Cookie.HttpOnly = true;
            antiforgery.Cookie.SecurePolicy = CookieSecurePolicy.Always;
            antiforgery.Cookie.SameSite = SameSiteMode.Lax; // a Strict one would be replaced, and other tabs' forms with it, whenever a link from elsewhere leads here
        });
        return oidc is not null ? services.AddOidcLogin(portal, PortalAddresses.ClientId).AddSingleton<IGrantedAccess, ApiAccess>()
            : platform is not null ? services.AddIssuerOverHttp(platform.Issuer).AddOidcLogin(portal, platform.ClientId).AddSingleton<IGrantedAccess, PlatformAccess>()
            : services;
    }

    /// <summary><c>/portal</c> and what it needs below it; <c>/</c> leads there.</summary>
    public static WebApplication MapPortal(this WebApplication app)
    {
        app.MapGet("/", () => new PortalRedirect(ReturnPath.Home)).AllowAnonymous().ExcludeFromDescription();
        app.MapGet(PortalAsset.IconPath, PortalAsset.Icon.Answer).AllowAnonymous().ExcludeFromDescription();
        var pages = app.MapGroup("/portal").AddEndpointFilter(OnProblemShowPageAsync).ExcludeFromDescription();
        pages.MapPortalPages();
        pages.MapInvitation();
        pages.MapOwnAccount();
        pages.MapAccountList();
        app.MapAccountAdministration();
        pages.MapSignInLinks();
        if (app.Services.GetService<LoginEvents>() is not null)
        {
            pages.MapOidcLogin();
        }

        return app;
    }

    private static IServiceCollection AddOidcLogin(this IServiceCollection services, PortalOptions portal, string clientId)
    {
        services.AddAuthentication().AddOpenIdConnect(LoginOptions.Scheme, _ => { });
        return services
            .AddSingleton(new RequestHandlerPath(PortalAddresses.Callback(portal.PublicUrl).AbsolutePath))
            .AddSingleton(new OidcClient
            {
                ClientId = clientId,
                RedirectUri = PortalAddresses.Callback(portal.PublicUrl),
                PostLogoutRedirectUri = PortalAddresses.Home(portal.PublicUrl),
            })
            .AddSingleton<IConfigureOptions<OpenIdConnectOptions>, LoginOptions>()
            .AddSingleton<LoginConfiguration>()
            .AddSingleton<TokenEndpoint>()
            .AddSingleton<IdTokenHandler>()
            .AddSingleton<TokenAcceptance>()
            .AddSingleton<LoginAnswers>()
            .AddSingleton<LoginEvents>()
            .AddSingleton<LoginEnd>()
            .AddSingleton<OidcSessionStore>()
            .AddSingleton<OidcSessions>();
    }

    // The API answers problem details; people get a page.
    private static async ValueTask<object?> OnProblemShowPageAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        try
        {
            return await next(invocation);
        }
        catch (Exception e) when (ProblemTranslation.Of(e) is { } problem)
        {
            var context = invocation.HttpContext;
            ProblemLog.Answered(context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(PortalPages)), context, problem);
            return context.RequestServices.GetRequiredService<PortalPages>().Problem(problem);
        }
    }
}
