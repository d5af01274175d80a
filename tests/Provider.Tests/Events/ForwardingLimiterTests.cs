using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Events;
using IoTPlatform.Testing;

namespace IoTPlatform.Provider.Tests.Events;

public sealed class ForwardingLimiterTests
{
    private readonly FakeTime _time = new();
    private readonly ForwardingLimiter _limiter;

    public ForwardingLimiterTests() => _limiter = new ForwardingLimiter(_time);

    [Fact]
    public void Admit_MoreThanAMinutesShare_HasToWaitAloneOfAllTenants()
    {
        for (var i = 0; i < ForwardingLimiter.BatchesPerMinute; i++)
        {
            _limiter.Admit("greedy").Dispose();
        }

        var refused = Should.Throw<ProblemException>(() => _limiter.Admit("greedy"));

        refused.Status.ShouldBe(429);
        refused.RetryAfter.ShouldBe(TimeSpan.FromMilliseconds(200));
        _limiter.Admit("modest").Dispose();
        _time.Advance(TimeSpan.FromMilliseconds(200));
        _limiter.Admit("greedy").Dispose();
    }
}
