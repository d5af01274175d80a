using IoTPlatform.Hosting;
using IoTPlatform.Identity.Data;
using IoTPlatform.Identity.Factors;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Oidc;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace IoTPlatform.Identity;

public static class AccountsExtensions
{
    /// <summary>
    /// Local accounts, the host's own issuer on them, the policies of <see cref="Policies"/> for its access tokens and the fallback policy: an access token.
    /// Needs the audit log, an NpgsqlDataSource and a TimeProvider.
    /// </summary>
    /// <param name="services">The host's.</param>
    /// <param name="issuer">This host's own.</param>
    /// <param name="oidc">Another identity provider, whose access tokens the same policies accept, too; null: none.</param>
    public static AuthenticationBuilder AddAccounts(this IServiceCollection services, IssuerOptions issuer, OidcOptions? oidc = null)
    {
        // The scheme is named, so that neither a client certificate nor a portal's cookie ever passes for a caller of the API.
        AuthorizationPolicy WithRole(params string[] roles) => new AuthorizationPolicyBuilder(OidcExtensions.BearerScheme).RequireRole(roles).Build();
        services.AddSingleton(s => AccountsDb.CreateFactory(s.GetRequiredService<NpgsqlDataSource>()));
        services.AddSingleton(s => new AccountStore(s.GetRequiredService<IDbContextFactory<AccountsDb>>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new AccountAdministration(s.GetRequiredService<IDbContextFactory<AccountsDb>>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<SessionStore>();
        services.AddSingleton<LoginLimits>();
        services.AddSingleton(PasswordHashing.Hasher);
        services.AddSingleton<PasswordQueue>();
        services.AddSingleton<ProtectedText>();
        services.AddSingleton<AuthenticatorSecrets>();
        services.AddSingleton<SecondFactors>();
        services.AddSingleton<LoginService>();
        services.AddAuthorizationBuilder()
            .AddPolicy(Policies.Admin, WithRole(Roles.Admin))
            .AddPolicy(Policies.Operator, WithRole(Roles.Admin, Roles.Operator))
            .AddPolicy(Policies.Viewer, WithRole(Roles.Admin, Roles.Operator, Roles.Viewer))
            .SetFallbackPolicy(new AuthorizationPolicyBuilder(OidcExtensions.BearerScheme).RequireAuthenticatedUser().Build());
        return services.AddAuthentication().AddIssuer(issuer, replaced: oidc is not null).AddBearer(issuer, oidc);
    }
}
