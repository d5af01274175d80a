using System.Text;
using System.Text.Json;
using IoTPlatform.Testing;

namespace IoTPlatform.Agent.Tests.Telemetry;

public sealed class ReadingsTests
{
    private readonly FakeTime _time = new();

    [Theory]
    [InlineData("""{"v":1}""", """{"timestamp":"2030-01-15T12:00:00.000000Z","v":1}""")]
    [InlineData("{}", """{"timestamp":"2030-01-15T12:00:00.000000Z"}""")]
    [InlineData(""" {"timestamp":"2020-01-01T00:00:00Z"} """, """{"timestamp":"2020-01-01T00:00:00Z"}""")]
    [InlineData("[1]", null)]
    [InlineData("{", null)]
    public void Line_AnyText_IsAReadingWithATimestampOrNone(string line, string? reading)
    {
        var (bytes, problem) = new LineReadings(_time).Read(line);
        (bytes is null ? null : Encoding.UTF8.GetString(bytes)).ShouldBe(reading);
        (problem is null).ShouldBe(reading is not null);
    }

    [Fact]
    public void Line_TheSameTwiceAtOnce_IsTwoReadings()
    {
        var readings = new LineReadings(_time);
        readings.Read("{}").Reading.ShouldNotBe(readings.Read("{}").Reading);
    }

    [Fact]
    public void Line_TooLong_IsNone() => new LineReadings(_time).Read($"\"{new string('x', 64 * 1024)}\"").Problem.ShouldNotBeNull();

    [Fact]
    public void System_SaysWhatTheMachineIs()
    {
        var readings = new SystemReadings(Path.GetTempPath(), TimeProvider.System);
        readings.Read();
        using var json = JsonDocument.Parse(readings.Read());
        json.RootElement.GetProperty("timestamp").GetDateTimeOffset().ShouldBe(TimeProvider.System.GetUtcNow(), TimeSpan.FromMinutes(1));
        json.RootElement.GetProperty("uptime").GetInt64().ShouldBePositive();
        json.RootElement.GetProperty("disk_free").GetInt64().ShouldBeLessThanOrEqualTo(json.RootElement.GetProperty("disk_total").GetInt64());
        json.RootElement.GetProperty("memory_used").GetInt64().ShouldBeInRange(1, json.RootElement.GetProperty("memory_total").GetInt64());
    }
}
