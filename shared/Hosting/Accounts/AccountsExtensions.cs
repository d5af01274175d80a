using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Hosting;

public static class AccountsExtensions
{
    /// <summary>The authentication scheme of session bearer tokens, the default one.</summary>
    public const string SessionScheme = "Session";

    /// <summary>Local accounts, the Session scheme, the policies of <see cref="Policies"/> and the fallback policy: signed in. Needs an NpgsqlDataSource and a TimeProvider.</summary>
    public static AuthenticationBuilder AddAccounts(this IServiceCollection services) => throw new NotImplementedException();

    /// <summary><c>POST /portal/login</c>, <c>POST /portal/logout</c>.</summary>
    public static IEndpointRouteBuilder MapAccounts(this IEndpointRouteBuilder endpoints) => throw new NotImplementedException();
}
