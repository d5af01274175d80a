using System.Text.Json;
using IoTPlatform.Client;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Telemetry;

/// <summary>What a device sends over HTTPS, and who reads it.</summary>
public sealed class TelemetryEndpointTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    [SkippableFact]
    public async Task Publish_OverHttps_IsStoredAndListed()
    {
        using var device = await EnrolledAsync("https.1");

        await device.PublishTelemetryAsync("https.1", Json("""{"t":21.5}"""));
        await device.PublishTelemetryAsync("https.1", Json("""{"t":22.5}"""));

        var listed = await shared.Admin.ListTelemetryAsync("https.1");
        listed.Items.Select(item => item.Payload.GetProperty("t").GetDouble()).ShouldBe([22.5, 21.5]);
        listed.Items[0].Topic.ShouldBe("telemetry/https:1");
        var page = await shared.Admin.ListTelemetryAsync("https.1", limit: 1);
        (await shared.Admin.ListTelemetryAsync("https.1", cursor: page.NextCursor)).Items.Single().Payload.GetProperty("t").GetDouble().ShouldBe(21.5);
        (await shared.Admin.ListTelemetryAsync("https.1", before: listed.Items[0].SentAt)).Items.Count.ShouldBe(1);
        (await Should.ThrowAsync<ApiException>(() => shared.Admin.GetDeviceStateAsync("https.1"))).Code.ShouldBe("no_state");
    }

    [SkippableFact]
    public async Task Publish_ForAnotherDeviceOrWithoutACertificate_IsRefused()
    {
        using var device = await EnrolledAsync("honest");
        using var stranger = shared.Tenant.Client();

        (await Should.ThrowAsync<ApiException>(() => device.PublishTelemetryAsync("other", Json("{}")))).Code.ShouldBe("wrong_device");
        (await Should.ThrowAsync<ApiException>(() => stranger.PublishTelemetryAsync("honest", Json("{}")))).Status.ShouldBe(401);
        (await shared.Admin.ListTelemetryAsync("other")).Items.ShouldBeEmpty();
    }

    [SkippableFact]
    public async Task Publish_WhatCannotBeStored_SaysWhy()
    {
        using var device = await EnrolledAsync("wrong");

        (await Should.ThrowAsync<ApiException>(() => device.PublishTelemetryAsync("wrong", Json("[1]")))).Code.ShouldBe("not_an_object");
        (await Should.ThrowAsync<ApiException>(() => device.PublishTelemetryAsync("wrong", Json("""{"timestamp":"soon"}""")))).Code.ShouldBe("timestamp_invalid");
    }

    private async Task<TenantClient> EnrolledAsync(string id)
    {
        using var device = new TestDevice(id);
        return shared.Tenant.Client(device.Identity(await device.EnrollAsync(shared.Tenant, await shared.TokenAsync())));
    }

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
