using IoTPlatform.Hosting;
using IoTPlatform.Identity;

namespace IoTPlatform.Identity.Tests.Accounts;

public sealed class PasswordQueueTests
{
    private readonly PasswordQueue _queue = new(atOnce: 1);

    [Fact]
    public async Task Enter_StrangersQueueFull_BusyAndKnownStillComesIn()
    {
        var first = await _queue.EnterAsync("stranger 0", known: false, default);
        var waiting = Enumerable.Range(1, 32).Select(i => _queue.EnterAsync($"stranger {i}", known: false, default)).ToList();

        var refused = await Should.ThrowAsync<ProblemException>(() => _queue.EnterAsync("stranger 33", known: false, default));
        refused.Status.ShouldBe(503);
        refused.Code.ShouldBe("busy");
        var known = _queue.EnterAsync("known", known: true, default);
        waiting.ShouldAllBe(w => !w.IsCompleted);

        // One stranger may be ahead of the known one, never the strangers' whole queue.
        first.Dispose();
        while (!known.IsCompleted)
        {
            var next = await Task.WhenAny(waiting.Append(known));
            if (next != known)
            {
                waiting.Remove(next);
                (await next).Dispose();
            }
        }

        waiting.Count.ShouldBeGreaterThanOrEqualTo(30);
    }

    [Fact]
    public async Task Enter_SameKey_OneAfterTheOther()
    {
        var queue = new PasswordQueue(atOnce: 4);
        var first = await queue.EnterAsync("a", known: true, default);
        var second = queue.EnterAsync("a", known: true, default);

        second.IsCompleted.ShouldBeFalse();
        first.Dispose();
        (await second).Dispose();
    }

    [Fact]
    public async Task Enter_GivenUp_LeavesItsPlace()
    {
        using var gone = new CancellationTokenSource();
        var first = await _queue.EnterAsync("a", known: false, default);
        var waiting = Enumerable.Range(0, 32).Select(i => _queue.EnterAsync($"b {i}", known: false, gone.Token)).ToList();
        await gone.CancelAsync();
        foreach (var one in waiting)
        {
            await Should.ThrowAsync<OperationCanceledException>(() => one);
        }

        var next = _queue.EnterAsync("c", known: false, default);
        first.Dispose();
        (await next).Dispose();
    }

    [Fact]
    public async Task Enter_NeverMoreAtOnceThanThereAreSlots()
    {
        var queue = new PasswordQueue(atOnce: 2);
        var now = 0;
        var most = 0;
        await Task.WhenAll(Enumerable.Range(0, 60).Select(i => Task.Run(async () =>
        {
            using (await queue.EnterAsync($"{i}", known: i % 2 == 0, default))
            {
                var busy = Interlocked.Increment(ref now);
                InterlockedMax(ref most, busy);
                await Task.Yield();
                Interlocked.Decrement(ref now);
            }
        })));

        most.ShouldBeInRange(1, 2);
    }

    private static void InterlockedMax(ref int target, int value)
    {
        for (var seen = Volatile.Read(ref target); value > seen;)
        {
            seen = Interlocked.CompareExchange(ref target, value, seen) == seen ? value : Volatile.Read(ref target);
        }
    }
}
