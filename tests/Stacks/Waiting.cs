namespace IoTPlatform.Stacks;

public static class Waiting
{
    /// <summary>The longest wait by design is for the bus, which may take half a minute to notice that its broker is back, and the relay half a minute more; on a busy machine all of it is slower.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    /// <summary>Polls, for what other processes do.</summary>
    public static Task UntilAsync(Func<Task<bool>> condition) => UntilAsync(condition, Patience);

    public static async Task UntilAsync(Func<Task<bool>> condition, TimeSpan patience)
    {
        using var end = new CancellationTokenSource(patience);
        while (!await condition())
        {
            if (end.IsCancellationRequested)
            {
                throw new TimeoutException("It did not happen in time.");
            }

            await Task.Delay(100, CancellationToken.None);
        }
    }
}
