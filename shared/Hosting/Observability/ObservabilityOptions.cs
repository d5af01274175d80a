namespace IoTPlatform.Hosting.Observability;

/// <summary>Where traces and metrics go; by default nowhere, and then nothing measures anything.</summary>
public sealed record ObservabilityOptions
{
    public const string OtlpSetting = "OTEL_EXPORTER_OTLP_ENDPOINT";
    public const string PrometheusSetting = "IOT_PROMETHEUS_PORT";

    public static IReadOnlyList<string> Settings { get; } = [OtlpSetting, PrometheusSetting];

    /// <summary>An OpenTelemetry collector, which gets traces and metrics; null: none.</summary>
    public Uri? Otlp { get; init; }

    /// <summary>On loopback, without TLS and without a login; null: no listener.</summary>
    public int? PrometheusPort { get; init; }

    public static ObservabilityOptions Read(SettingsReader settings)
    {
        Uri? otlp = null;
        if (settings[OtlpSetting] is { } url && (!Uri.TryCreate(url, UriKind.Absolute, out otlp) || otlp.Scheme is not ("http" or "https") || otlp.UserInfo.Length > 0))
        {
            settings.Invalid(OtlpSetting, url, "it must be an http(s) URL without credentials, such as http://127.0.0.1:4318");
        }

        return new ObservabilityOptions { Otlp = otlp, PrometheusPort = settings.Number(PrometheusSetting, ushort.MaxValue, "it must be a port, 1 to 65535") };
    }
}
