using System.Diagnostics;
using IoTPlatform.Benchmarks.Report;

namespace IoTPlatform.Benchmarks.Soak;

/// <summary>Kills, starves and attacks real processes for a while and counts what must not happen.</summary>
internal static class SoakBenchmark
{
    private static readonly TimeSpan RoundLimit = TimeSpan.FromMinutes(10);

    public static async Task<SoakReport> RunAsync(BenchmarkOptions options, TextWriter progress, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var rounds = SoakRound.All.Where(round => options.Only is null || round.Name == options.Only).ToList();
        var counts = rounds.ToDictionary(round => round, round => new SoakCount(round.Name, round.Failure));
        for (var played = 0; ; played++)
        {
            foreach (var round in rounds)
            {
                if (played > 0 && Stopwatch.GetElapsedTime(started) >= options.Duration)
                {
                    return new SoakReport { Machine = Machine.Describe(), Elapsed = Stopwatch.GetElapsedTime(started), Counts = [.. counts.Values] };
                }

                await PlayAsync(round, counts[round], progress, cancellationToken);
            }

            if (options.Duration is null)
            {
                return new SoakReport { Machine = Machine.Describe(), Elapsed = Stopwatch.GetElapsedTime(started), Counts = [.. counts.Values] };
            }
        }
    }

    private static async Task PlayAsync(SoakRound round, SoakCount count, TextWriter progress, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(RoundLimit);
        try
        {
            await round.PlayAsync(count, limit.Token);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // A round that cannot be played to its end is a failure of that round; the others still count.
            count.Expect(false, () => $"the round ended early: {e.GetType().Name}: {e.Message}");
        }

        await progress.WriteLineAsync($"{round.Name}: {count.Tried} tried, {count.Failed} failed, {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s");
    }
}
