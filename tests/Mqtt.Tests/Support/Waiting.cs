using System.Diagnostics;

namespace IoTPlatform.Mqtt.Tests.Support;

internal static class Waiting
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(20);

    public static async Task UntilAsync(Func<bool> condition)
    {
        var started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(Longest);
            await Task.Delay(10);
        }
    }

    public static Task<T> SoonAsync<T>(this Task<T> task) => task.WaitAsync(Longest);

    public static Task SoonAsync(this Task task) => task.WaitAsync(Longest);
}
