namespace IoTPlatform.Iot.Tests.CommandLine;

public sealed class DurationTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("15m", 900)]
    [InlineData("24h", 86_400)]
    [InlineData("1h30m", 5_400)]
    [InlineData("7d", 604_800)]
    [InlineData("1d2h3m4s", 93_784)]
    public void TryParse_StepStyle_IsTaken(string text, int seconds)
    {
        Duration.TryParse(text, out var duration).ShouldBeTrue();
        duration.TotalSeconds.ShouldBe(seconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("soon")]
    [InlineData("5")]
    [InlineData("-5m")]
    [InlineData("0s")]
    [InlineData("5m1h")]
    [InlineData("99999999999999999999h")]
    [InlineData("1h ")]
    public void TryParse_AnythingElse_IsRefused(string text) => Duration.TryParse(text, out _).ShouldBeFalse();
}
