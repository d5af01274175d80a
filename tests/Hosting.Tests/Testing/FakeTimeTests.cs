using IoTPlatform.Testing;

namespace IoTPlatform.Hosting.Tests.Testing;

public sealed class FakeTimeTests
{
    private readonly FakeTime _time = new();

    [Fact]
    public void Advance_TimersDue_FireInOrderAtTheirOwnTime()
    {
        var fired = new List<(string Name, double At)>();
        var start = _time.GetUtcNow();
        void Note(object? name) => fired.Add(((string)name!, (_time.GetUtcNow() - start).TotalSeconds));
        using var late = _time.CreateTimer(Note, "late", TimeSpan.FromSeconds(3), Timeout.InfiniteTimeSpan);
        using var periodic = _time.CreateTimer(Note, "every 2 s", TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(2));
        using var never = _time.CreateTimer(Note, "later", TimeSpan.FromSeconds(6), Timeout.InfiniteTimeSpan);

        _time.Advance(TimeSpan.FromSeconds(5));

        fired.ShouldBe([("every 2 s", 2), ("late", 3), ("every 2 s", 4)]);
        _time.GetUtcNow().ShouldBe(start + TimeSpan.FromSeconds(5));
        _time.PendingTimers.ShouldBe(2);
    }

    [Fact]
    public async Task Delay_OverTheClock_EndsOnAdvance()
    {
        var delay = Task.Delay(TimeSpan.FromHours(1), _time);
        _time.Advance(TimeSpan.FromMinutes(59));
        delay.IsCompleted.ShouldBeFalse();

        _time.Advance(TimeSpan.FromMinutes(1));

        await delay;
    }

    [Fact]
    public void GetElapsedTime_AfterAdvance_IsExact()
    {
        var start = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromTicks(12345));

        _time.GetElapsedTime(start).ShouldBe(TimeSpan.FromTicks(12345));
    }
}
