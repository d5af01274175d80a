using System.Collections.Concurrent;
using System.Diagnostics;

namespace IoTPlatform.Database;

/// <summary>A running child with the tail of its output. Disposing lets go of it, it does not end it.</summary>
internal sealed class ChildProcess : IDisposable
{
    private const int KeptLines = 20;
    private readonly Queue<string> _tail = new();
    private readonly TaskCompletionSource _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Process _process = null!;

    private ChildProcess()
    {
    }

    public int Id { get; private set; }

    /// <summary>Completes when the process has ended, whether or not its own children still hold its output.</summary>
    public Task Exited => _exited.Task;

    public int ExitCode => _process.ExitCode;

    public static async Task<ChildProcess> StartAsync(ProcessStartInfo start, ParentThread parent)
    {
        var child = new ChildProcess();
        child._process = await parent.StartAsync(start, (_, _) => child._exited.TrySetResult());
        child.Id = child._process.Id;
        child._process.OutputDataReceived += child.Keep;
        child._process.ErrorDataReceived += child.Keep;
        child._process.BeginOutputReadLine();
        child._process.BeginErrorReadLine();
        child._process.StandardInput.Close();
        return child;
    }

    /// <summary>The line that most likely names the error.</summary>
    public string LastError()
    {
        lock (_tail)
        {
            return _tail.LastOrDefault(l => l.Contains("FATAL:", StringComparison.Ordinal) || l.Contains("error:", StringComparison.OrdinalIgnoreCase))
                ?? _tail.LastOrDefault()
                ?? $"exit code {ExitCode}";
        }
    }

    public void Dispose() => _process.Dispose();

    private void Keep(object sender, DataReceivedEventArgs e)
    {
        if (string.IsNullOrWhiteSpace(e.Data))
        {
            return;
        }

        lock (_tail)
        {
            if (_tail.Count == KeptLines)
            {
                _tail.Dequeue();
            }

            _tail.Enqueue(e.Data.Trim());
        }
    }
}

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
