using System.Collections.Concurrent;

namespace IoTPlatform.Iot;

/// <summary>A thread that lives as long as the process, to fork from.</summary>
internal sealed class LongLivedThread
{
    private readonly BlockingCollection<Action> _work = [];

    private LongLivedThread() => new Thread(Loop) { IsBackground = true, Name = "children" }.Start();

    public static LongLivedThread Instance { get; } = new();

    public T Run<T>(Func<T> action)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(action());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task.GetAwaiter().GetResult();
    }

    private void Loop()
    {
        foreach (var action in _work.GetConsumingEnumerable())
        {
            action();
        }
    }
}
