using IoTPlatform.Tenant.Features.FirstBoot;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.FirstBoot;

public sealed class ProviderBackoffTests
{
    private static readonly TimeSpan Spread = TimeSpan.FromSeconds(1.5);
    private readonly FakeTime _time = new();

    [Fact]
    public async Task Failures_InARow_GrowToAMinuteAndNotBeyond()
    {
        var waits = await WaitsAsync(60, _ => new ProviderBusyException("away"));

        waits[0].ShouldBeLessThan(Spread);
        waits.ShouldAllBe(wait => wait <= TimeSpan.FromMinutes(1));
        waits.Skip(30).ShouldAllBe(wait => wait == TimeSpan.FromMinutes(1));
    }

    /// <summary>More failures than the doubling has room for in a number.</summary>
    [Fact]
    public async Task Failures_Thousands_StayAtAMinute() =>
        (await WaitsAsync(3000, _ => new ProviderBusyException("away"))).Skip(30).ShouldAllBe(wait => wait == TimeSpan.FromMinutes(1));

    [Fact]
    public async Task RetryAfter_IsNeverUndercut() =>
        (await WaitsAsync(1, _ => new ProviderBusyException("busy", TimeSpan.FromSeconds(90)))).Single().ShouldBeInRange(TimeSpan.FromSeconds(90), TimeSpan.FromSeconds(90) + Spread);

    [Fact]
    public async Task RetryAfter_Absurd_IsBounded() =>
        (await WaitsAsync(1, _ => new ProviderBusyException("busy", TimeSpan.FromDays(365)))).Single().ShouldBeInRange(TimeSpan.FromMinutes(15), TimeSpan.FromMinutes(15) + Spread);

    [Fact]
    public async Task Pending_WaitsForAHuman_DoesNotGrow() =>
        (await WaitsAsync(20, _ => new ProviderBusyException("undecided", TimeSpan.FromSeconds(10)) { IsPending = true })).ShouldAllBe(wait => wait == TimeSpan.FromSeconds(10));

    [Fact]
    public async Task Success_StartsOver()
    {
        var backoff = ProviderBackoff.Create((_, _) => { }, _time);
        await RunAsync(backoff.ExecuteAsync(Failing(20, _ => new ProviderBusyException("away")), CancellationToken.None).AsTask());
        var start = _time.GetUtcNow();

        await RunAsync(backoff.ExecuteAsync(Failing(1, _ => new ProviderBusyException("away")), CancellationToken.None).AsTask());

        (_time.GetUtcNow() - start).ShouldBeLessThan(Spread + TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task OtherFailure_IsNotRepeated()
    {
        var waits = new List<TimeSpan>();
        var backoff = ProviderBackoff.Create((_, wait) => waits.Add(wait), _time);

        await Should.ThrowAsync<InvalidOperationException>(() => backoff.ExecuteAsync(Failing(1, _ => new InvalidOperationException("broken")), CancellationToken.None).AsTask());

        waits.ShouldBeEmpty();
    }

    private async Task<List<TimeSpan>> WaitsAsync(int failures, Func<int, Exception> failure)
    {
        var waits = new List<TimeSpan>();
        var start = _time.GetUtcNow();
        await RunAsync(ProviderBackoff.Create((_, wait) => waits.Add(wait), _time).ExecuteAsync(Failing(failures, failure), CancellationToken.None).AsTask());
        (_time.GetUtcNow() - start).ShouldBeGreaterThanOrEqualTo(waits.Aggregate(TimeSpan.Zero, (sum, wait) => sum + wait), "it waits as long as it says");
        return waits;
    }

    private static Func<CancellationToken, ValueTask> Failing(int times, Func<int, Exception> failure)
    {
        var attempts = 0;
        return _ => attempts++ < times ? throw failure(attempts) : ValueTask.CompletedTask;
    }

    private async Task RunAsync(Task run)
    {
        while (!run.IsCompleted)
        {
            if (_time.PendingTimers > 0)
            {
                _time.Advance(TimeSpan.FromSeconds(1));
            }
            else
            {
                await Task.Yield();
            }
        }

        await run;
    }
}
