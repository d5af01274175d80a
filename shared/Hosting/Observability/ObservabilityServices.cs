using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace IoTPlatform.Hosting.Observability;

public static class ObservabilityServices
{
    private const string Protocol = "OTEL_EXPORTER_OTLP_PROTOCOL";

    /// <summary>Traces and metrics of the host, where a setting asks for them; else nothing is registered. The other OTEL_ variables are read by OpenTelemetry itself.</summary>
    /// <param name="builder">Of the host.</param>
    /// <param name="options">Where they go.</param>
    /// <param name="service">Name of the service, unless OTEL_SERVICE_NAME says another.</param>
    /// <param name="sources">Activity sources and meters of the host's own.</param>
    public static void AddObservability(this WebApplicationBuilder builder, ObservabilityOptions options, string service, params string[] sources)
    {
        if (options is { Otlp: null, PrometheusPort: null })
        {
            return;
        }

        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService(service).AddEnvironmentVariableDetector());
        telemetry.WithMetrics(metrics =>
        {
            metrics.AddAspNetCoreInstrumentation().AddHttpClientInstrumentation().AddRuntimeInstrumentation().AddNpgsqlInstrumentation().AddMeter(sources);
            if (options.PrometheusPort is not null)
            {
                metrics.AddPrometheusExporter();
            }

            if (options.Otlp is not null)
            {
                metrics.AddOtlpExporter();
            }
        });
        if (options.PrometheusPort is { } port)
        {
            builder.Services.AddHostedService(services => new PrometheusListener(services.GetRequiredService<MeterProvider>(), port));
        }

        if (options.Otlp is { } collector)
        {
            // The setting may come from a file or the command line, too. OpenTelemetry's own default of the protocol is another one than its specification's.
            builder.Configuration.AddInMemoryCollection(
            [
                new(ObservabilityOptions.OtlpSetting, collector.AbsoluteUri), new(Protocol, builder.Configuration[Protocol] ?? "http/protobuf"),
            ]);
            telemetry.WithTracing(traces => traces
                .AddAspNetCoreInstrumentation(http => http.EnrichWithHttpRequest = (activity, _) => SpanPrivacy.Apply(activity))
                .AddHttpClientInstrumentation()
                .AddNpgsql()
                .AddSource(sources)
                .AddProcessor(new SpanPrivacy())
                .AddOtlpExporter());
        }
    }
}
