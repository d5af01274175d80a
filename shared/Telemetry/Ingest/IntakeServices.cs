using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Telemetry.Ingest;

public static class IntakeServices
{
    /// <summary>The intake with its writer, on the table and the options that are registered.</summary>
    public static IServiceCollection AddTelemetryIntake(this IServiceCollection services) => services
        .AddSingleton<TelemetryStore>()
        .AddSingleton<IngestMetrics>()
        .AddSingleton<TelemetryIntake>()
        .AddHostedService(s => s.GetRequiredService<TelemetryIntake>());
}
