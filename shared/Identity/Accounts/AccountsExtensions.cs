using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Data;
using IoTPlatform.Identity.Factors;
using IoTPlatform.Identity.Issuer;
using IoTPlatform.Identity.Oidc;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace IoTPlatform.Identity;

public static class AccountsExtensions
{
    /// <summary>The authentication scheme of session bearer tokens, the default one.</summary>
    public const string SessionScheme = "Session";

    /// <summary>Local accounts, the Session scheme, the policies of <see cref="Policies"/> and the fallback policy: signed in. Needs the audit log, an NpgsqlDataSource and a TimeProvider.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="oidc">The identity provider whose access tokens the same policies accept, too; null: none.</param>
    /// <param name="issuer">This host's own, in its place; null: none.</param>
    public static AuthenticationBuilder AddAccounts(this IServiceCollection services, OidcOptions? oidc = null, IssuerOptions? issuer = null)
    {
        // The schemes are named, so that a client certificate never passes for a portal user.
        string[] schemes = oidc is null && issuer is null ? [SessionScheme] : [SessionScheme, OidcExtensions.BearerScheme];
        AuthorizationPolicy WithRole(params string[] roles) => new AuthorizationPolicyBuilder(schemes).RequireRole(roles).Build();
        services.AddSingleton(s => AccountsDb.CreateFactory(s.GetRequiredService<NpgsqlDataSource>()));
        services.AddSingleton(s => new AccountStore(s.GetRequiredService<IDbContextFactory<AccountsDb>>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new AccountAdministration(s.GetRequiredService<IDbContextFactory<AccountsDb>>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<SessionStore>();
        services.AddSingleton<LoginLimits>();
        services.AddSingleton<PasswordQueue>();
        services.AddSingleton<ProtectedText>();
        services.AddSingleton<AuthenticatorSecrets>();
        services.AddSingleton<SecondFactors>();
        services.AddSingleton<LoginService>();
        services.AddAuthorizationBuilder()
            .AddPolicy(Policies.Admin, WithRole(Roles.Admin))
            .AddPolicy(Policies.Operator, WithRole(Roles.Admin, Roles.Operator))
            .AddPolicy(Policies.Viewer, WithRole(Roles.Admin, Roles.Operator, Roles.Viewer))
            .SetFallbackPolicy(new AuthorizationPolicyBuilder(schemes).RequireAuthenticatedUser().Build());
        var authentication = services.AddAuthentication(SessionScheme).AddScheme<AuthenticationSchemeOptions, SessionAuthenticationHandler>(SessionScheme, null);
        return oidc is not null ? authentication.AddOidcBearer(oidc) : issuer is not null ? authentication.AddIssuer(issuer) : authentication;
    }

    /// <summary><c>POST /portal/login</c>, <c>POST /portal/logout</c>.</summary>
    public static IEndpointRouteBuilder MapAccounts(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("/portal/login", LoginAsync).AllowAnonymous();
        endpoints.MapPost("/portal/logout", LogoutAsync).RequireAuthorization(Policies.Viewer);
        return endpoints;
    }

    private static async Task<Ok<LoginResponse>> LoginAsync(LoginRequest request, HttpContext context, LoginService logins, CancellationToken cancellationToken)
    {
        var (account, token) = await logins.LoginAsync(request.Username, request.Password, context.Connection.RemoteIpAddress, cancellationToken, request.Code);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new LoginResponse { AccessToken = token, TokenType = "Bearer", ExpiresIn = (int)SessionStore.Lifetime.TotalSeconds, Roles = account.Roles });
    }

    private static async Task<NoContent> LogoutAsync(HttpContext context, SessionStore sessions, CancellationToken cancellationToken)
    {
        var token = SessionAuthenticationHandler.TokenOf(context.Request)
            ?? throw new ProblemException(400, "no_session", "There is no session to end here: the credential is the identity provider's.");
        await sessions.CloseAsync(token, context.User.Identity!.Name!, cancellationToken);
        return TypedResults.NoContent();
    }
}
