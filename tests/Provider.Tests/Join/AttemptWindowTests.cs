using IoTPlatform.Hosting;
using IoTPlatform.Provider.Features.Join;
using IoTPlatform.Testing;

namespace IoTPlatform.Provider.Tests.Join;

public sealed class AttemptWindowTests
{
    private readonly FakeTime _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void ThrowIfExhausted_LimitReached_RefusesUntilTheWindowEnds()
    {
        var window = new AttemptWindow(_time, limit: 2, TimeSpan.FromMinutes(1));
        window.Count();
        window.ThrowIfExhausted();
        window.Count();
        _time.Advance(TimeSpan.FromSeconds(20));

        var refusal = Should.Throw<ProblemException>(window.ThrowIfExhausted);

        refusal.Status.ShouldBe(429);
        refusal.RetryAfter.ShouldBe(TimeSpan.FromSeconds(40));
        _time.Advance(TimeSpan.FromSeconds(40));
        window.ThrowIfExhausted();
    }
}
