using IoTPlatform.Telemetry;
using IoTPlatform.Telemetry.Ingest;

namespace IoTPlatform.Tenant.Features.Telemetry;

internal static class TelemetryServices
{
    /// <summary>Storing what devices send, and reading it again.</summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, TelemetryOptions options) => services
        .AddSingleton(TenantTelemetry.Limit(options))
        .AddSingleton(TenantTelemetry.Table)
        .AddSingleton<TelemetryPartitions>()
        .AddSingleton<TelemetryReader>()
        .AddSingleton<TelemetrySeries>()
        .AddSingleton<DeviceStates>()
        .AddHostedService<PartitionKeeper>()
        .AddTelemetryIntake();
}
