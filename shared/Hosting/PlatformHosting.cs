using System.Text.Json;
using System.Text.Json.Serialization;
using IoTPlatform.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace IoTPlatform.Hosting;

/// <summary>Everything every host does the same way, in one line each.</summary>
public static class PlatformHosting
{
    /// <summary>The data source, clock, limits, problem details and the JSON dialect of Contracts.</summary>
    public static IServiceCollection AddPlatformHosting(this IServiceCollection services, NpgsqlDataSource dataSource, TimeProvider time)
    {
        services.AddSingleton(dataSource);
        services.Replace(ServiceDescriptor.Singleton(time));
        services.AddSingleton<IHostLifetime, OuterLifetime>();
        services.AddSingleton<DatabaseProbe>();
        services.AddSingleton(s => new HealthHistory(s.GetRequiredService<DatabaseProbe>(), s.GetServices<IReadinessCheck>(), time));
        services.AddProblemDetailsForPlatform();
        services.AddHostLimits();
        services.AddRequestTimeouts();
        services.AddRequestHandlers();
        // Loopback names are left out by default: a browser would force https on everything else that is developed there.
        services.AddHsts(hsts => hsts.MaxAge = TimeSpan.FromDays(365));
        return services.ConfigureHttpJsonOptions(json => UseContractsDialect(json.SerializerOptions));
    }

    /// <summary>Limits, problem details, authentication and authorization, in that order; maps health.</summary>
    public static WebApplication UsePlatformHosting(this WebApplication app)
    {
        app.UseHsts();
        app.UseRequestLimits();
        app.UseProblemDetails();
        app.Use((context, next) =>
        {
            context.Response.Headers.XContentTypeOptions = "nosniff";
            // Unless an endpoint says otherwise: many an answer carries a secret, and the next one to be written may.
            // With no-cache beside it, which no-store implies, anti-forgery has no header to override and warn about.
            context.Response.Headers.CacheControl = "no-cache, no-store";
            return next(context);
        });
        app.UseRouting();
        app.UseMiddleware<UnroutedMiddleware>();
        app.UseRequestTimeouts();
        app.UseRequestHandlers();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseKnownClients();
        app.MapHealth();
        return app;
    }

    private static void UseContractsDialect(JsonSerializerOptions json)
    {
        json.TypeInfoResolverChain.Insert(0, ContractsJson.Default);
        json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        json.PropertyNameCaseInsensitive = false;
        json.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.AllowDuplicateProperties = false; // two readers of one body must not see two things
        json.MaxDepth = 16;
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
    }
}
