using IoTPlatform.Contracts.Devices;
using IoTPlatform.Hosting.Observability;
using IoTPlatform.LocalServices;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.Startup;

/// <summary>Against a real OTLP receiver and a real scrape.</summary>
public sealed class ObservabilityTests
{
    [SkippableFact]
    public async Task DeviceEnrolls_BothSettings_TracesMetricsAndAScrapeWithoutItsToken()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        var port = FreePort.Next();
        string token;
        await using (var tenant = await TestTenant.StartAsync(t => t.Observability = new ObservabilityOptions { Otlp = collector.Url, PrometheusPort = port }))
        {
            using var admin = await tenant.AdminAsync();
            token = (await admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { DeviceId = "traced", Uses = 1 })).Token;
            using var device = new TestDevice("traced");
            await device.EnrollAsync(tenant, token);
            using var http = new HttpClient();
            (await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"))).ShouldContain("http_server_request_duration_seconds_count");
            await tenant.StopAsync();
        }

        var traces = collector.Texts("traces");
        traces.ShouldContain("iot-tenant");
        traces.ShouldContain("POST /devices/{");
        traces.ShouldNotContain(token);
        collector.Texts("metrics").ShouldContain("iot-tenant");
    }
}
