using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Database;

public static class AuditServices
{
    /// <summary>The audit log, its anchors, and its view of anonymous refusals. Needs an NpgsqlDataSource and a TimeProvider.</summary>
    public static IServiceCollection AddAuditLog(this IServiceCollection services) => services
        .AddSingleton<AuditLog>()
        .AddSingleton<AuditReading>()
        .AddSingleton<AuditAnchors>()
        .AddSingleton<AnonymousRefusals>()
        .AddHostedService(provider => provider.GetRequiredService<AnonymousRefusals>());
}
