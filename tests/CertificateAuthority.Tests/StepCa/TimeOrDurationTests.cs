using System.Globalization;

namespace IoTPlatform.CertificateAuthority.Tests;

/// <summary>Go's duration grammar and RFC 3339, as step sends them.</summary>
public sealed class TimeOrDurationTests
{
    private static readonly DateTimeOffset Now = new(2030, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData("24h", 86400)]
    [InlineData("1h30m", 5400)]
    [InlineData("-5m", -300)]
    [InlineData("+5m", 300)]
    [InlineData("1.5h", 5400)]
    [InlineData("1m30.5s", 90.5)]
    [InlineData("250ms", 0.25)]
    [InlineData("100us", 0.0001)]
    [InlineData("100µs", 0.0001)]
    [InlineData("1h0m0s", 3600)]
    [InlineData("2030-01-02T04:04:05Z", 3600)]
    [InlineData("2030-01-02T05:04:05+01:00", 3600)]
    public void Parse_DurationOrTime_IsThatMoment(string text, double seconds)
    {
        TimeOrDuration.Parse(text, Now).ShouldBe(Now.AddTicks((long)(seconds * TimeSpan.TicksPerSecond)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("0s")]
    [InlineData("-0h")]
    public void Parse_Nothing_IsNull(string? text)
    {
        TimeOrDuration.Parse(text, Now).ShouldBeNull();
    }

    [Theory]
    [InlineData("x")]
    [InlineData("5")]
    [InlineData("h")]
    [InlineData("1d")]
    [InlineData("1h1")]
    [InlineData("1h-1m")]
    [InlineData("--1h")]
    [InlineData("1..5h")]
    [InlineData(" 1h")]
    [InlineData("1h ")]
    [InlineData("99999999999999999999h")]
    [InlineData("9999999h")]
    [InlineData("NaNh")]
    [InlineData("1e5h")]
    [InlineData("2030-01-02")]
    [InlineData("2030-13-02T00:00:00Z")]
    [InlineData("0001-01-01T00:00:00Z")]
    [InlineData("9900-01-01T00:00:00Z")]
    [InlineData("9999-12-31T23:59:59-01:00")]
    public void Parse_Anything_Else_IsRefused(string text)
    {
        Should.Throw<StepCaException>(() => TimeOrDuration.Parse(text, Now)).Status.ShouldBe(400);
    }

    [Theory]
    [InlineData("9998-12-31T00:00:00Z", "876000h")]
    [InlineData("9899-12-31T23:59:59Z", "1s")]
    [InlineData("9999-12-31T23:59:59Z", "878400h")]
    [InlineData("0001-01-01T00:00:00Z", "-1s")]
    [InlineData("0001-01-02T00:00:00Z", "-878400h")]
    public void Parse_DurationOutOfTheCalendar_IsRefused(string from, string text)
    {
        Should.Throw<StepCaException>(() => TimeOrDuration.Parse(text, DateTimeOffset.Parse(from, CultureInfo.InvariantCulture))).Status.ShouldBe(400);
    }

    [Theory]
    [InlineData(90060, "25h1m0s")]
    [InlineData(300, "5m0s")]
    [InlineData(59, "59s")]
    [InlineData(0, "0s")]
    [InlineData(-3661, "-1h1m1s")]
    public void Format_Duration_IsGos(int seconds, string expected)
    {
        TimeOrDuration.Format(TimeSpan.FromSeconds(seconds)).ShouldBe(expected);
    }
}
