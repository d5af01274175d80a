using System.Collections.Concurrent;
using System.Diagnostics;

namespace IoTPlatform.Database;

/// <summary>Starts child processes on one thread that lives as long as they do: Linux sends the parent-death signal when the forking thread ends, not the process.</summary>
internal sealed class ParentThread : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];

    public ParentThread()
    {
        new Thread(Run) { IsBackground = true, Name = "child processes" }.Start();
    }

    public Task<Process> StartAsync(ProcessStartInfo start, EventHandler exited)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            var process = new Process { StartInfo = start, EnableRaisingEvents = true };
            process.Exited += exited;
            try
            {
                process.Start();
                started.SetResult(process);
            }
            catch (Exception e)
            {
                process.Dispose();
                started.SetException(e);
            }
        });
        return started.Task;
    }

    /// <summary>Ends the thread: children started on it that still run get their parent-death signal.</summary>
    public void Dispose() => _work.CompleteAdding();

    private void Run()
    {
        foreach (var action in _work.GetConsumingEnumerable())
        {
            action();
        }
    }
}
