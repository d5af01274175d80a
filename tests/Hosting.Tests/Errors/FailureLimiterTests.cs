using IoTPlatform.Testing;

namespace IoTPlatform.Hosting.Tests.Errors;

public sealed class FailureLimiterTests
{
    private readonly FakeTime _time = new();
    private readonly FailureLimiter _limiter;

    public FailureLimiterTests() => _limiter = new FailureLimiter(_time, freeFailures: 3, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60));

    [Fact]
    public void Failed_FreeFailures_ThenBlocked()
    {
        _limiter.Failed("a").ShouldBeFalse();
        _limiter.Failed("a").ShouldBeFalse();
        _limiter.ThrowIfBlocked("a");
        _limiter.Failed("a").ShouldBeTrue();

        var refused = Should.Throw<ProblemException>(() => _limiter.ThrowIfBlocked("a"));
        refused.Status.ShouldBe(429);
        refused.RetryAfter.ShouldBe(TimeSpan.FromSeconds(10));
        _limiter.ThrowIfBlocked("b");
    }

    [Fact]
    public void Failed_AgainAndAgain_DelayDoublesUpToTheMaximum()
    {
        Fail(2);
        foreach (var seconds in new[] { 10, 20, 40, 60, 60 })
        {
            _limiter.Failed("a");
            Should.Throw<ProblemException>(() => _limiter.ThrowIfBlocked("a")).RetryAfter.ShouldBe(TimeSpan.FromSeconds(seconds));
            _time.Advance(TimeSpan.FromSeconds(seconds));
            _limiter.ThrowIfBlocked("a");
        }
    }

    [Fact]
    public void Succeeded_AfterFailures_StartsOver()
    {
        Fail(2);
        _limiter.Succeeded("a");
        Fail(2);

        _limiter.ThrowIfBlocked("a");
    }

    [Fact]
    public void Failed_AfterAQuietTime_StartsOver()
    {
        Fail(5);
        _time.Advance(TimeSpan.FromSeconds(120));

        _limiter.Failed("a").ShouldBeFalse();
    }

    [Fact]
    public void Failed_FloodOfKeys_KeepsTheNewestBlocked()
    {
        for (var i = 0; i < 25_000; i++)
        {
            _limiter.Failed($"flood {i}");
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Fail(3);
        Should.Throw<ProblemException>(() => _limiter.ThrowIfBlocked("a"));
    }

    private void Fail(int times)
    {
        for (var i = 0; i < times; i++)
        {
            _limiter.Failed("a");
        }
    }
}
