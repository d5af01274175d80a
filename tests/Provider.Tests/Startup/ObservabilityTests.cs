using System.Globalization;
using System.Net;
using IoTPlatform.Hosting;
using IoTPlatform.Hosting.Observability;
using IoTPlatform.LocalServices;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Tests.Support;
using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace IoTPlatform.Provider.Tests.Startup;

/// <summary>Against a real OTLP receiver and a real scrape.</summary>
public sealed class ObservabilityTests
{
    [SkippableFact]
    public async Task Otlp_AfterAJoin_HasItsStepsTheDatabaseAndMetrics()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        await using (var provider = await StartAsync((ObservabilityOptions.OtlpSetting, collector.Url.AbsoluteUri)))
        {
            using var tenant = new TestTenant();
            await provider.JoinAsync((await provider.PrepareAsync("traced")).JoinKey, tenant);
            await provider.StopAsync();
        }

        var traces = collector.Texts("traces");
        traces.ShouldContain("iot-provider");
        foreach (var step in new[] { "workflow sign-sub-ca", "workflow broker", "workflow sign-bridge", "workflow federation", "POST /portal/admin/join", "audit.append", "MassTransit" })
        {
            traces.ShouldContain(step);
        }

        var metrics = collector.Texts("metrics");
        metrics.ShouldContain("iot-provider");
        foreach (var meter in new[] { "http.server.request.duration", "dotnet.gc.collections", "db.client" })
        {
            metrics.ShouldContain(meter);
        }
    }

    [SkippableFact]
    public async Task Otlp_CallsWithSecrets_TakeNoneOfThemAlong()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        string[] secrets;
        await using (var provider = await StartAsync((ObservabilityOptions.OtlpSetting, collector.Url.AbsoluteUri)))
        {
            using var tenant = new TestTenant();
            var prepared = await provider.PrepareAsync("secretive");
            var bundle = await provider.JoinAsync(prepared.JoinKey, tenant);
            var admin = await provider.AdminAsync();
            await admin.GetAsync("portal/admin/tenants?cursor=query-secret&key=query-secret");
            await provider.Anonymous().GetAsync("portal/oidc/callback?code=query-secret&state=query-secret");
            await provider.Anonymous().PostAsync("portal/admin/join", ("X-Join-Key", "header-secret"), ("Authorization", "Bearer header-secret"), ("Cookie", "session=header-secret"));
            await provider.Anonymous().PostJsonAsync("portal/admin/join?X-Join-Key=query-secret", """{"sub_ca_csr":"body-secret"}""");
            secrets = [RunningProvider.AdminPassword, admin.Bearer!, prepared.JoinKey, bundle.CdmIdpClientSecret!, "query-secret", "header-secret", "body-secret", "PRIVATE KEY"];
            await provider.StopAsync();
        }

        var sent = collector.Texts("traces") + collector.Texts("metrics");
        sent.ShouldContain("/portal/admin/tenants");
        foreach (var secret in secrets)
        {
            sent.Contains(secret, StringComparison.Ordinal).ShouldBeFalse(secret);
        }
    }

    [SkippableFact]
    public async Task Prometheus_OnItsPort_IsScrapedOnLoopbackAndNotOnThePublicPort()
    {
        var port = FreePort.Next();
        await using var provider = await StartAsync((ObservabilityOptions.PrometheusSetting, port.ToString(CultureInfo.InvariantCulture)));
        await provider.PrepareAsync("scraped");
        using var http = new HttpClient();

        var metrics = await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"));

        metrics.ShouldContain("http_server_request_duration_seconds_count");
        metrics.ShouldContain("dotnet_gc_collections_total");
        (await provider.Anonymous().GetAsync("metrics")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await http.GetAsync(new Uri($"http://127.0.0.1:{port}/portal"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using var rebound = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}/metrics") { Headers = { Host = "evil.example" } };
        (await http.SendAsync(rebound)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        provider.Services.GetService<TracerProvider>().ShouldBeNull();
    }

    [SkippableFact]
    public async Task Prometheus_PortInUse_IsAStartThatSaysSo()
    {
        await using var collector = await OtlpReceiver.StartAsync();

        (await Should.ThrowAsync<StartupException>(() => StartAsync((ObservabilityOptions.PrometheusSetting, collector.Url.Port.ToString(CultureInfo.InvariantCulture)))))
            .Message.ShouldContain(ObservabilityOptions.PrometheusSetting);
    }

    [SkippableFact]
    public async Task NothingSet_RegistersNothing()
    {
        await using var provider = await StartAsync();

        provider.Services.GetService<MeterProvider>().ShouldBeNull();
        provider.Services.GetService<TracerProvider>().ShouldBeNull();
    }

    [Theory]
    [InlineData(ObservabilityOptions.OtlpSetting, "collector:4318")]
    [InlineData(ObservabilityOptions.OtlpSetting, "https://user:secret@collector.example")]
    [InlineData(ObservabilityOptions.PrometheusSetting, "0")]
    [InlineData(ObservabilityOptions.PrometheusSetting, "127.0.0.1:9464")]
    public void Read_UnusableValue_IsRefused(string setting, string value) =>
        Should.Throw<StartupException>(() => ProviderOptionsReader.Read(ProviderSettings.Load([], new Dictionary<string, string> { [setting] = value }))).Message.ShouldContain(setting);

    private static async Task<RunningProvider> StartAsync(params (string Name, string Value)[] settings) =>
        await RunningProvider.StartAsync(settings: settings.ToDictionary(s => s.Name, s => (string?)s.Value));
}
