using System.Text;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Telemetry;
using IoTPlatform.Tenant.Features.Uplink;

namespace IoTPlatform.Tenant.Tests.Uplink;

public sealed class UplinkMessageTests
{
    private static readonly DateTimeOffset Received = new(2026, 11, 28, 21, 0, 0, 123, 456, TimeSpan.Zero);

    [Theory]
    [InlineData("{}", """{"timestamp":"2026-11-28T21:00:00.123456Z"}""")]
    [InlineData(" { } ", """{"timestamp":"2026-11-28T21:00:00.123456Z" } """)]
    [InlineData("""{"v":1}""", """{"timestamp":"2026-11-28T21:00:00.123456Z","v":1}""")]
    [InlineData("""{"inner":{"timestamp":"x"}}""", """{"timestamp":"2026-11-28T21:00:00.123456Z","inner":{"timestamp":"x"}}""")]
    public void Payload_WithoutATimestamp_GetsTheTimeOfReceipt(string payload, string expected) => Payload(payload, Received).ShouldBe(expected);

    [Theory]
    [InlineData("""{"timestamp":"2026-11-28T20:00:00Z","v":1}""")]
    [InlineData("""{"\u0074imestamp":"2026-11-28T20:00:00Z","v":1}""")]
    public void Payload_WithATimestamp_IsLeftAlone(string payload)
    {
        Payload(payload, Received.AddHours(-1)).ShouldBe(payload);
        // Measured in the very microsecond in which it was received.
        Payload(payload, Received).ShouldBe(payload);
    }

    [Fact]
    public void Payload_TheLongestOfADevice_FitsThroughTheProvidersIngest()
    {
        var longest = "{\"v\":\"" + new string('x', TelemetryFormat.LongestFromDevice - "{'v':''}".Length) + "\"}";

        var payload = Payload(longest, Received);

        Encoding.UTF8.GetByteCount(payload).ShouldBeInRange(TelemetryFormat.LongestFromDevice + 1, TelemetryFormat.LongestPayload);
        TelemetryParser.TryParse("acme", "telemetry/d", Encoding.UTF8.GetBytes(payload), Received.AddSeconds(1), new TelemetryOptions(), out var message, out var refusal).ShouldBeTrue(refusal);
        message!.SentAt.ShouldBe(Received);
    }

    private static string Payload(string payload, DateTimeOffset sentAt) =>
        Encoding.UTF8.GetString(new UplinkMessage(1, "telemetry/d", Encoding.UTF8.GetBytes(payload), sentAt, Received).Payload);
}
