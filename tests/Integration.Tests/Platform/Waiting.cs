namespace IoTPlatform.Integration.Tests.Platform;

internal static class Waiting
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Polls, for what other processes do.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            patience.IsCancellationRequested.ShouldBeFalse("it did not happen in time");
            await Task.Delay(100, CancellationToken.None);
        }
    }
}
