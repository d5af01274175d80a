using System.Text;
using IoTPlatform.Contracts.Telemetry;
using IoTPlatform.Telemetry;

namespace IoTPlatform.Telemetry.Tests;

public sealed class TelemetryParserTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 13, 0, 0, TimeSpan.Zero);
    private static readonly TelemetryOptions Options = new();

    [Fact]
    public void Parse_WithTimestamp_TakesItsTime()
    {
        var message = Parse("""{"t":21.5,"timestamp":"2026-11-21T13:59:30.1234567+01:00"}""");

        message.SentAt.ShouldBe(new DateTimeOffset(2026, 11, 21, 12, 59, 30, TimeSpan.Zero).AddMicroseconds(123456));
        message.HasTimestamp.ShouldBeTrue();
        message.ReceivedAt.ShouldBe(Now);
        message.DeviceId.ShouldBe("pump-7");
        message.Topic.ShouldBe("telemetry/pump-7/temperature");
        message.Payload.ShouldBe("""{"t":21.5,"timestamp":"2026-11-21T13:59:30.1234567+01:00"}""");
    }

    [Fact]
    public void Parse_TimestampWithAnEscapedPlus_IsTheSameTime() =>
        Parse("{\"timestamp\":\"2026-11-21T13:59:30\\u002B01:00\"}").SentAt.ShouldBe(new DateTimeOffset(2026, 11, 21, 12, 59, 30, TimeSpan.Zero));

    [Fact]
    public void Parse_WithoutTimestamp_TakesTheTimeOfReceipt()
    {
        var message = Parse("""{"inner":{"timestamp":"nonsense"},"list":[{"timestamp":1}]}""");

        message.SentAt.ShouldBe(Now);
        message.HasTimestamp.ShouldBeFalse();
    }

    [Theory]
    [InlineData("telemetry.pump-7")]
    [InlineData("telemetry.pump-7.a.b.c")]
    public void Parse_AnyDepthOfTopic_NamesTheDevice(string routingKey) => Parse("{}", routingKey).DeviceId.ShouldBe("pump-7");

    [Fact]
    public void Parse_DeviceIdWithDots_IsWrittenWithColons()
    {
        TelemetryFormat.TopicLevel("pump.hall-2").ShouldBe("pump:hall-2");
        Parse("{}", "telemetry.pump:hall-2.t").DeviceId.ShouldBe("pump.hall-2");
    }

    [Theory]
    [InlineData("telemetry")]
    [InlineData("telemetry.")]
    [InlineData("telemetry..x")]
    [InlineData("telemetry.UPPER.x")]
    [InlineData("attributes.pump-7")]
    [InlineData("telemetry.a b")]
    public void Parse_TopicWithoutDevice_IsRefused(string routingKey) => Refused("{}", routingKey).ShouldBe(TelemetryRefusal.Topic);

    [Theory]
    [InlineData("")]
    [InlineData("21.5 degrees")]
    [InlineData("{\"t\":1")]
    [InlineData("{\"t\":1} {\"t\":2}")]
    [InlineData("{\"t\":NaN}")]
    [InlineData("{\"timestamp\":}")]
    [InlineData("{\"v\":\"\\ud80\"}")]
    [InlineData("{\"v\":[[1}")]
    public void Parse_NotJson_IsRefused(string payload) => Refused(payload).ShouldBe(TelemetryRefusal.NotJson);

    [Fact]
    public void Parse_NotUtf8_IsRefused() => Refused([.. "{\"t\":\""u8, 0xC3, 0x28, .. "\"}"u8]).ShouldBe(TelemetryRefusal.NotJson);

    [Theory]
    [InlineData(63, null)]
    [InlineData(64, TelemetryRefusal.TooDeep)]
    [InlineData(20_000, TelemetryRefusal.TooDeep)]
    public void Parse_Nesting_IsTakenUpToOneNumber(int arrays, string? refusal)
    {
        TryParse("{\"v\":" + new string('[', arrays) + new string(']', arrays) + "}", out var actual);
        actual.ShouldBe(refusal);
    }

    [Theory]
    [InlineData("""{"v":"\ud800"}""")]
    [InlineData("""{"v":"\udc00"}""")]
    [InlineData("""{"v":"\ud800\ud800"}""")]
    [InlineData("""{"v":"\ud800x\udc00"}""")]
    [InlineData("""{"v":"\ud83d\n\ude00"}""")]
    [InlineData("""{"\ud800":1}""")]
    [InlineData("""{"list":[{"v":"\uDFFF"}]}""")]
    [InlineData("""{"v":"\u0000"}""")]
    [InlineData("""{"\u0000":1}""")]
    public void Parse_EscapeThatIsNoUnicodeText_IsRefused(string payload) => Refused(payload).ShouldBe(TelemetryRefusal.NotText);

    [Theory]
    [InlineData("""{"v":"\ud83c\udf0a"}""")]
    [InlineData("""{"v":"🌊"}""")]
    [InlineData("""{"v":"\\ud800"}""")]
    [InlineData("""{"v":"\\u0000"}""")]
    [InlineData("""{"v":"\uffff\u0001"}""")]
    public void Parse_EscapeThatIsUnicodeText_ComesBackAsItWasSent(string payload) => Parse(payload).Payload.ShouldBe(payload);

    [Theory]
    [InlineData("telemetry.pump-7.a\0b")]
    [InlineData("telemetry.pump-7.\u001b[31m")]
    [InlineData("telemetry.pump-7.\u0085")]
    public void Parse_TopicWithControlCharacters_IsRefused(string routingKey) => Refused("{}", routingKey).ShouldBe(TelemetryRefusal.TopicText);

    [Theory]
    [InlineData("2026-11-21t12:59:30z")]
    [InlineData("2026-11-21t12:59:30Z")]
    [InlineData("2026-11-21T12:59:30z")]
    [InlineData("2026-11-21t13:59:30+01:00")]
    [InlineData("2026-11-21\\u007412:59:30\\u007a")]
    public void Parse_LowerCaseTimestamp_IsRfc3339(string timestamp) =>
        Parse($$"""{"timestamp":"{{timestamp}}"}""").SentAt.ShouldBe(new DateTimeOffset(2026, 11, 21, 12, 59, 30, TimeSpan.Zero));

    [Theory]
    [InlineData("21.5")]
    [InlineData("[1,2]")]
    [InlineData("null")]
    [InlineData("\"text\"")]
    public void Parse_NotAnObject_IsRefused(string payload) => Refused(payload).ShouldBe(TelemetryRefusal.NotAnObject);

    [Theory]
    [InlineData("1763730000000")]
    [InlineData("null")]
    [InlineData("{\"sec\":1}")]
    [InlineData("\"yesterday\"")]
    [InlineData("\"2026-11-21\"")]
    [InlineData("\"2026-11-21T12:00Z\"")]
    [InlineData("\"2026-11-21T12:00-05:00\"")]
    [InlineData("\"2026-11-21T12:00:00\"")]
    [InlineData("\"2026-11-21 12:00:00Z\"")]
    [InlineData("\"2026-02-30T12:00:00Z\"")]
    [InlineData("\"2026-02-30t12:00:00z\"")]
    [InlineData("\"2026-11-21T12:00:00\\\"Z\"")]
    [InlineData("\"2026-11-21T12:00:00Z\",\"timestamp\":\"2026-11-21T12:00:01Z\"")]
    public void Parse_TimestampThatIsNone_IsRefused(string timestamp) => Refused($$"""{"timestamp":{{timestamp}}}""").ShouldBe(TelemetryRefusal.Timestamp);

    [Theory]
    [InlineData("2026-11-21T13:05:00Z", null)]
    [InlineData("2026-11-21T13:05:00.000001Z", TelemetryRefusal.Future)]
    [InlineData("9999-12-31T23:59:59Z", TelemetryRefusal.Future)]
    [InlineData("2026-10-22T13:00:00Z", null)]
    [InlineData("2026-10-22T12:59:59.999999999Z", TelemetryRefusal.TooOld)]
    [InlineData("0001-01-01T00:00:00Z", TelemetryRefusal.TooOld)]
    public void Parse_TimestampOutOfRange_IsRefused(string timestamp, string? refusal)
    {
        TelemetryParser.TryParse("acme", "telemetry.pump-7", Encoding.UTF8.GetBytes($$"""{"timestamp":"{{timestamp}}"}"""), Now, Options, out _, out var actual);
        actual.ShouldBe(refusal);
    }

    [Fact]
    public void Parse_LongestPayload_IsTakenAndOneByteMoreIsNot()
    {
        var longest = $$"""{"t":"{{new string('x', TelemetryFormat.LongestPayload - 8)}}"}""";

        Parse(longest).Payload.Length.ShouldBe(TelemetryFormat.LongestPayload);
        Refused(longest + " ").ShouldBe(TelemetryRefusal.TooLong);
    }

    [Fact]
    public void Parse_Identity_IsThatOfTopicAndPayload()
    {
        var one = Parse("""{"t":1}""").Identity;

        Parse("""{"t":1}""").Identity.ShouldBe(one);
        Parse("""{"t":2}""").Identity.ShouldNotBe(one);
        Parse("""{"t":1}""", "telemetry.pump-8.temperature").Identity.ShouldNotBe(one);
    }

    private static void TryParse(string payload, out string? refusal) =>
        TelemetryParser.TryParse("acme", "telemetry.pump-7", Encoding.UTF8.GetBytes(payload), Now, Options, out _, out refusal);

    private static TelemetryMessage Parse(string payload, string routingKey = "telemetry.pump-7.temperature")
    {
        TelemetryParser.TryParse("acme", routingKey, Encoding.UTF8.GetBytes(payload), Now, Options, out var message, out var refusal).ShouldBeTrue(refusal);
        return message!;
    }

    private static string Refused(string payload, string routingKey = "telemetry.pump-7.temperature") => Refused(Encoding.UTF8.GetBytes(payload), routingKey);

    private static string Refused(byte[] payload, string routingKey = "telemetry.pump-7.temperature")
    {
        TelemetryParser.TryParse("acme", routingKey, payload, Now, Options, out _, out var refusal).ShouldBeFalse();
        return refusal!;
    }
}
