using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Features.Commands;
using IoTPlatform.Provider.Features.Telemetry.Ingest;
using IoTPlatform.Provider.Features.Workflow;
using IoTPlatform.Telemetry;
using IoTPlatform.Telemetry.Ingest;

namespace IoTPlatform.Provider.Features.Telemetry;

internal static class TelemetryServices
{
    /// <summary>Stored telemetry, and its way in: from RabbitMQ, or from the embedded broker. Removal's step comes after the broker's.</summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, ProviderOptions options)
    {
        services.AddSingleton(options.Telemetry);
        services.AddSingleton(ProviderTelemetry.Table);
        services.AddSingleton<TelemetryPartitions>();
        services.AddSingleton<TelemetryReader>();
        services.AddSingleton<TelemetrySeries>();
        services.AddSingleton<UplinkCheckpoints>();
        services.AddSingleton<IRemovalStep, RemoveTelemetryStep>();
        services.AddSingleton<BridgeRates>();
        services.AddHostedService<BridgeRateCounter>();
        services.AddHostedService<PartitionKeeper>();
        if (options.RabbitMq is not null)
        {
            services.AddSingleton<TelemetryStore>();
            services.AddSingleton<IngestMetrics>();
            services.AddSingleton<TelemetryIngest>();
            services.AddSingleton<IBridgeChannel>(provider => provider.GetRequiredService<TelemetryIngest>());
            services.AddSingleton<IUplinkQueue>(provider => provider.GetRequiredService<TelemetryIngest>());
            services.AddHostedService(provider => provider.GetRequiredService<TelemetryIngest>());
        }
        else
        {
            services.AddTelemetryIntake();
        }

        return services;
    }
}
