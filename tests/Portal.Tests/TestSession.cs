using System.Security.Claims;
using IoTPlatform.Hosting;
using IoTPlatform.Identity.Portal;
using IoTPlatform.Portal.Sessions;
using IoTPlatform.Testing;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Portal.Tests;

/// <summary>A session of a page, whose roles change under it.</summary>
internal sealed class TestSession : IPortalAccess
{
    public FakeTime Time { get; } = new();

    /// <summary>Of now; null: the session has ended.</summary>
    public IReadOnlyList<string>? Roles { get; set; }

    public Exception? Outage { get; set; }

    public Task<ClaimsPrincipal?> RefreshAsync(ClaimsPrincipal user, CancellationToken cancellationToken) =>
        Outage is { } outage ? Task.FromException<ClaimsPrincipal?>(outage) : Task.FromResult(Roles is { } roles ? Principal(roles) : null);

    public ServiceProvider Services(string role, Action<IServiceCollection>? more = null)
    {
        var services = new ServiceCollection();
        AddTo(services, role);
        more?.Invoke(services);
        return services.BuildServiceProvider();
    }

    /// <summary>Of a page that is opened with that role.</summary>
    public void AddTo(IServiceCollection services, string role)
    {
        Roles = [role];
        services.AddLogging();
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton<IPortalAccess>(this);
        services.AddSingleton<AuthenticationStateProvider>(new Begun(Principal([role])));
        services.AddAuthorizationBuilder()
            .AddPolicy(Policies.Admin, policy => policy.RequireRole(Identity.Roles.Admin))
            .AddPolicy(Policies.Operator, policy => policy.RequireRole(Identity.Roles.Admin, Identity.Roles.Operator))
            .AddPolicy(Policies.Viewer, policy => policy.RequireRole(Identity.Roles.All));
        services.AddSingleton<OpenCircuits>().AddSingleton<PortalCaller>().AddSingleton<PortalCalls>().AddSingleton<CircuitSession>();
    }

    private static ClaimsPrincipal Principal(IReadOnlyList<string> roles) =>
        new(new ClaimsIdentity([new Claim(ClaimTypes.Name, "paula"), .. roles.Select(role => new Claim(ClaimTypes.Role, role))], "test", ClaimTypes.Name, ClaimTypes.Role));

    private sealed class Begun(ClaimsPrincipal user) : AuthenticationStateProvider
    {
        public override Task<AuthenticationState> GetAuthenticationStateAsync() => Task.FromResult(new AuthenticationState(user));
    }
}
