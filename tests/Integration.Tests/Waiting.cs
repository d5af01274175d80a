namespace IoTPlatform.Integration.Tests;

internal static class Waiting
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Polls, for what other processes do.</summary>
    public static Task UntilAsync(Func<Task<bool>> condition) => UntilAsync(condition, Patience);

    public static async Task UntilAsync(Func<Task<bool>> condition, TimeSpan patience)
    {
        using var end = new CancellationTokenSource(patience);
        while (!await condition())
        {
            end.IsCancellationRequested.ShouldBeFalse("it did not happen in time");
            await Task.Delay(100, CancellationToken.None);
        }
    }
}
