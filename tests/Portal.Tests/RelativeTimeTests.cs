using IoTPlatform.Portal.Components;

namespace IoTPlatform.Portal.Tests;

public sealed class RelativeTimeTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0, "now")]
    [InlineData(-0.4, "now")]
    [InlineData(-1, "1 s ago")]
    [InlineData(-59, "59 s ago")]
    [InlineData(-60, "1 min ago")]
    [InlineData(-3599, "59 min ago")]
    [InlineData(7200, "in 2 h")]
    [InlineData(7 * 86400, "in 7 d")]
    [InlineData(-40 * 86400, "1 mo ago")]
    [InlineData(10 * 366 * 86400.0, "in 10 y")]
    public void Of_IsTheLargestUnitThatFits(double seconds, string text) => RelativeTime.Of(Now.AddSeconds(seconds), Now).ShouldBe(text);
}
