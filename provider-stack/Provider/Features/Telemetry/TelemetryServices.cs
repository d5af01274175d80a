using IoTPlatform.Hosting;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Features.Telemetry.Ingest;
using IoTPlatform.Provider.Features.Workflow;

namespace IoTPlatform.Provider.Features.Telemetry;

internal static class TelemetryServices
{
    /// <summary>Stored telemetry; where there is a RabbitMQ, reading it from there as well. Removal's step comes after the broker's.</summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, ProviderOptions options)
    {
        services.AddSingleton(options.Telemetry);
        services.AddSingleton<TelemetryPartitions>();
        services.AddSingleton<TelemetryReader>();
        services.AddSingleton<IRemovalStep, RemoveTelemetryStep>();
        services.AddHostedService<PartitionKeeper>();
        if (options.RabbitMq is not null)
        {
            services.AddSingleton<TelemetryStore>();
            services.AddSingleton<IngestMetrics>();
            services.AddHostedService<TelemetryIngest>();
        }

        return services;
    }
}

/// <summary>Settings of the storage of telemetry.</summary>
internal sealed record TelemetryOptions
{
    public const string RetentionSetting = "IOT_TELEMETRY_RETENTION";

    public static readonly TimeSpan LongestRetention = TimeSpan.FromDays(3660);

    /// <summary>Older messages are neither stored nor kept; a day goes as a whole, so a message stays up to a day longer.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);

    public static TelemetryOptions Read(SettingsReader settings)
    {
        if (settings[RetentionSetting] is not { } text)
        {
            return new TelemetryOptions();
        }

        if (!DurationText.TryParse(text, out var retention) || retention < TimeSpan.FromDays(1) || retention > LongestRetention)
        {
            settings.Invalid(RetentionSetting, text, $"it must be a duration of 1d to {LongestRetention.Days}d, such as 30d");
        }

        return new TelemetryOptions { Retention = retention };
    }
}
