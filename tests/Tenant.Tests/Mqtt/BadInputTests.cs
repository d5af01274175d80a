using System.Text;
using IoTPlatform.Telemetry.Ingest;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;
using MQTTnet;
using MQTTnet.Formatter;
using MQTTnet.Protocol;

namespace IoTPlatform.Tenant.Tests.Mqtt;

/// <summary>The table of bad input in docs/mqtt.md, over one connection: what is refused breaks nothing that comes with it.</summary>
public sealed class BadInputTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    private static readonly (string Name, byte[] Payload, string? Refusal)[] Inputs =
    [
        ("no JSON", "21,5"u8.ToArray(), "not_json"),
        ("empty", [], "not_json"),
        ("NaN", """{"t":NaN}"""u8.ToArray(), "not_json"),
        ("invalid UTF-8", [.. "{\"t\":\""u8, 0xC3, 0x28, .. "\"}"u8], "not_json"),
        ("a number", "21.5"u8.ToArray(), "not_an_object"),
        ("U+0000", """{"t":"\u0000"}"""u8.ToArray(), "not_unicode_text"),
        ("deep", Encoding.UTF8.GetBytes("{\"t\":" + new string('[', 64) + new string(']', 64) + "}"), "too_deep"),
        ("64 KiB", Encoding.UTF8.GetBytes("{\"t\":\"" + new string('x', 64 * 1024) + "\"}"), "too_long"),
        ("future", """{"timestamp":"2999-01-01T00:00:00Z"}"""u8.ToArray(), "timestamp_in_the_future"),
        ("ancient", """{"timestamp":"1970-01-01T00:00:00Z"}"""u8.ToArray(), "too_old"),
        ("two timestamps", """{"timestamp":"2026-11-21T00:00:00Z","timestamp":"2026-11-21T00:00:00Z"}"""u8.ToArray(), "timestamp_invalid"),
        ("duplicate keys", """{"t":1,"t":2}"""u8.ToArray(), null),
        ("thousands of keys", Encoding.UTF8.GetBytes("{" + string.Join(',', Enumerable.Range(0, 5000).Select(i => $"\"k{i}\":{i}")) + "}"), null),
    ];

    [SkippableTheory]
    [InlineData(MqttProtocolVersion.V311)]
    [InlineData(MqttProtocolVersion.V500)]
    public async Task Payload_OfAnyKind_HasItsFate_AndTheConnectionGoesOn(MqttProtocolVersion version)
    {
        var id = $"bad-{(int)version}";
        using var device = await EnrolledDevice.EnrollAsync(shared, id);
        using var client = await device.ConnectAsync(version: version);
        using var counted = new CounterReadings(shared.Tenant.Service<IngestMetrics>());
        var results = await Task.WhenAll(Inputs.Select(input => PublishAsync(client, id, input.Payload)));
        var seen = Inputs.Zip(results, (input, result) => (input.Name, (string?)result.ReasonString));
        // MQTT 3.1.1 has no negative acknowledgement.
        seen.ShouldBe(Inputs.Select(input => (input.Name, version == MqttProtocolVersion.V500 ? input.Refusal : null)));
        var refused = Inputs.Where(input => input.Refusal is not null).CountBy(input => input.Refusal!).ToList();
        refused.Select(reason => (reason.Key, counted.Of("iot.telemetry.refused", reason.Key))).ShouldBe(refused.Select(reason => (reason.Key, (long)reason.Value)));
        results.Select(result => result.ReasonCode).Distinct().ShouldBeSubsetOf([MqttClientPublishReasonCode.Success, MqttClientPublishReasonCode.PayloadFormatInvalid]);
        (await shared.Admin.ListTelemetryAsync(id)).Items.Select(item => item.Payload.GetRawText().Length).Order()
            .ShouldBe(Inputs.Where(input => input.Refusal is null).Select(input => input.Payload.Length).Order());
    }

    [SkippableFact]
    public async Task Payload_OfAMegabyte_EndsTheConnection()
    {
        using var device = await EnrolledDevice.EnrollAsync(shared, "huge");
        using var client = await device.ConnectAsync();
        await Should.ThrowAsync<Exception>(() => PublishAsync(client, "huge", new byte[1024 * 1024]));
        await client.Ended;
        (await shared.Admin.ListTelemetryAsync("huge")).Items.ShouldBeEmpty();
    }

    private static Task<MqttClientPublishResult> PublishAsync(MqttDevice client, string id, byte[] payload) =>
        client.Mqtt.PublishBinaryAsync($"devices/{id}/telemetry", payload, MqttQualityOfServiceLevel.AtLeastOnce).WaitAsync(TimeSpan.FromSeconds(20));
}
