using IoTPlatform.Testing;

namespace IoTPlatform.Hosting.Tests.Limits;

public sealed class RateLimiterTests
{
    private readonly FakeTime _time = new();
    private readonly RateLimiter _limiter;

    public RateLimiterTests() => _limiter = new RateLimiter(_time, burst: 3, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(60));

    [Fact]
    public void Reserve_Burst_ThenTheKeyWaits()
    {
        _limiter.Reserve("a").Limits.ShouldBeFalse();
        _limiter.Reserve("a").Limits.ShouldBeFalse();
        _limiter.Reserve("a").Limits.ShouldBeTrue();

        var refused = Should.Throw<ProblemException>(() => _limiter.Reserve("a"));

        refused.Status.ShouldBe(429);
        refused.Code.ShouldBe("too_many_attempts");
        refused.RetryAfter.ShouldBe(TimeSpan.FromSeconds(10));
        Should.Throw<ProblemException>(() => _limiter.ThrowIfWaiting("a")).RetryAfter.ShouldBe(TimeSpan.FromSeconds(10));
        _limiter.ThrowIfWaiting("b");
        _limiter.Reserve("b");
    }

    [Fact]
    public void Reserve_AgainAndAgain_DelayDoublesUpToTheLongest()
    {
        Reserve(2);
        foreach (var seconds in new[] { 10, 20, 40, 60, 60, 60 })
        {
            _limiter.Reserve("a");
            _limiter.TryReserve("a", out var wait).ShouldBeNull();
            wait.ShouldBe(TimeSpan.FromSeconds(seconds));
            _time.Advance(TimeSpan.FromSeconds(seconds));
        }
    }

    // 120 guesses at once count as if they came one after the other: checked and counted under one lock.
    [Fact]
    public async Task Reserve_ManyAtOnce_NoMoreThanTheBurst()
    {
        var admitted = await Task.WhenAll(Enumerable.Range(0, 120).Select(_ => Task.Run(() => _limiter.TryReserve("a", out var _) is not null)));

        admitted.Count(a => a).ShouldBe(3);
    }

    [Fact]
    public void Forget_AfterAttempts_StartsOver()
    {
        Reserve(2);
        _limiter.Reserve("a").Forget();

        Reserve(2);
        _limiter.ThrowIfWaiting("a");
    }

    [Fact]
    public void GiveBack_LastOfTheBurst_LetsTheNextOneIn()
    {
        Reserve(2);
        var last = _limiter.Reserve("a");
        last.GiveBack();

        _limiter.Reserve("a").Limits.ShouldBeTrue();
        Should.Throw<ProblemException>(() => _limiter.Reserve("a"));
    }

    [Fact]
    public void Reserve_AfterAQuietLongest_HasOneAttemptBack()
    {
        Reserve(3);
        _time.Advance(TimeSpan.FromSeconds(10 + 60));

        _limiter.Reserve("a").Limits.ShouldBeTrue();
        Should.Throw<ProblemException>(() => _limiter.Reserve("a")).RetryAfter.ShouldBe(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Reserve_LongAgo_IsForgotten()
    {
        Reserve(3);
        _time.Advance(TimeSpan.FromHours(1));

        Reserve(2);
        _limiter.ThrowIfWaiting("a");
    }

    [Fact]
    public void Reserve_WithoutLongest_IsATokenBucket()
    {
        var bucket = new RateLimiter(_time, burst: 60, TimeSpan.FromSeconds(1));
        for (var i = 0; i < 60; i++)
        {
            bucket.Reserve("a");
        }

        for (var i = 0; i < 30; i++)
        {
            Should.Throw<ProblemException>(() => bucket.Reserve("a")).RetryAfter.ShouldBe(TimeSpan.FromSeconds(1));
            _time.Advance(TimeSpan.FromSeconds(1));
            bucket.Reserve("a");
        }

        _time.Advance(TimeSpan.FromSeconds(11));
        for (var i = 0; i < 10; i++)
        {
            bucket.Reserve("a");
        }

        Should.Throw<ProblemException>(() =>
        {
            bucket.Reserve("a");
            bucket.Reserve("a");
        });
    }

    [Fact]
    public void Reserve_FloodOfKeys_MemoryIsBoundedAndTheNewestStayLimited()
    {
        var small = new RateLimiter(_time, burst: 1, TimeSpan.FromHours(1), maxKeys: 100);
        for (var i = 0; i < 25_000; i++)
        {
            small.Reserve($"flood {i}");
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        small.Keys.ShouldBeLessThanOrEqualTo(100);
        Should.Throw<ProblemException>(() => small.Reserve("flood 24999"));
    }

    private void Reserve(int times)
    {
        for (var i = 0; i < times; i++)
        {
            _limiter.Reserve("a");
        }
    }
}
