namespace IoTPlatform.Provider.Tests.Support;

internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Polls, for what happens in the background.</summary>
    public static async Task ShouldAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            patience.IsCancellationRequested.ShouldBeFalse("it did not happen in time");
            await Task.Delay(20, CancellationToken.None);
        }
    }
}
