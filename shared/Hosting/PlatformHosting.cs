using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace IoTPlatform.Hosting;

/// <summary>Everything every host does the same way, in one line each.</summary>
public static class PlatformHosting
{
    /// <summary>The data source, audit log, accounts, problem details, the JSON dialect of Contracts and rate limits.</summary>
    public static IServiceCollection AddPlatformHosting(this IServiceCollection services, NpgsqlDataSource dataSource, TimeProvider time) => throw new NotImplementedException();

    /// <summary>Problem details, rate limits, authentication and authorization, in that order; maps login, audit and health.</summary>
    public static WebApplication UsePlatformHosting(this WebApplication app) => throw new NotImplementedException();
}
