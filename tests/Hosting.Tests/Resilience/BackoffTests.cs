using Polly;

namespace IoTPlatform.Hosting.Tests.Resilience;

public sealed class BackoffTests
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(20);

    [Fact]
    public async Task Endless_FailuresInARow_WaitsGrowToTheLongestAndGoOn()
    {
        var waits = await WaitsAsync(failures: 40);

        waits.Count.ShouldBe(40);
        waits[0].ShouldBeLessThan(First * 2);
        waits.ShouldAllBe(wait => wait <= Longest);
        waits.Skip(20).ShouldAllBe(wait => wait == Longest);
    }

    [Fact]
    public async Task Endless_Waits_AreSpread() =>
        (await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => WaitsAsync(failures: 1)))).Select(waits => waits[0]).Distinct().Count().ShouldBeGreaterThan(1);

    private static async Task<List<TimeSpan>> WaitsAsync(int failures)
    {
        var waits = new List<TimeSpan>();
        var retry = Backoff.Endless(First, Longest);
        retry.OnRetry = args =>
        {
            waits.Add(args.RetryDelay);
            return ValueTask.CompletedTask;
        };
        await new ResiliencePipelineBuilder().AddRetry(retry).Build().ExecuteAsync(_ => waits.Count < failures ? throw new IOException("away") : ValueTask.CompletedTask);
        return waits;
    }
}
