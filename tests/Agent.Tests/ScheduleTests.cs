using FsCheck;
using FsCheck.Fluent;

namespace IoTPlatform.Agent.Tests;

public sealed class ScheduleTests
{
    private static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(0.0, 16.0)]
    [InlineData(0.5, 17.0)]
    [InlineData(1.0, 18.0)]
    public void RenewAt_DayLongCertificate_IsBetweenTwoThirdsAndThreeQuarters(double jitter, double hours) =>
        RenewalSchedule.RenewAt(Start, Start.AddDays(1), jitter).ShouldBe(Start.AddHours(hours));

    [Fact]
    public void RenewAt_AnyLifetimeAndJitter_LeavesAQuarterOfTheLifetime() =>
        Prop.ForAll(ArbMap.Default.ArbFor<PositiveInt>(), ArbMap.Default.ArbFor<byte>(), (seconds, jitter) =>
        {
            var lifetime = TimeSpan.FromSeconds(seconds.Get);
            var at = RenewalSchedule.RenewAt(Start, Start + lifetime, jitter / 255.0) - Start;
            return at >= lifetime * 0.666 && at <= lifetime * 0.751;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Backoff_FailuresInARow_DoubleUpToAQuarterOfAnHour()
    {
        var backoff = new Backoff(new FixedJitter(1));

        Enumerable.Range(0, 10).Select(_ => backoff.Next().TotalSeconds).ShouldBe([5, 10, 20, 40, 80, 160, 320, 640, 900, 900]);
    }

    [Fact]
    public void Backoff_Jitter_TakesAwayHalfAtTheMost() => new Backoff(new FixedJitter(0)).Next().ShouldBe(TimeSpan.FromSeconds(2.5));

    [Fact]
    public void Backoff_RetryAfter_IsNeverUndercut()
    {
        var backoff = new Backoff(new FixedJitter(0));

        backoff.Next(TimeSpan.FromMinutes(2)).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMinutes(2));
        backoff.Next(TimeSpan.FromDays(400)).ShouldBeLessThan(TimeSpan.FromDays(2));
    }

    [Fact]
    public void Backoff_Success_StartsOver()
    {
        var backoff = new Backoff(new FixedJitter(1));
        for (var i = 0; i < 200; i++)
        {
            backoff.Next();
        }

        backoff.Reset();

        backoff.Next().ShouldBe(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public void RandomJitter_IsAlwaysBelowOne() =>
        Enumerable.Range(0, 1000).Select(_ => RandomJitter.Instance.Next()).ShouldAllBe(value => value >= 0 && value < 1);
}
