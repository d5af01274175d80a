using System.Diagnostics;
using System.Globalization;

namespace IoTPlatform.Testing;

/// <summary>A real child process with captured output. Disposing kills the whole tree.</summary>
public sealed class ProcessUnderTest : IAsyncDisposable
{
    /// <summary>What is waited for comes at once or never: this is how slow a machine may be on which others work, too.</summary>
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private readonly Process _process;
    private readonly TaskCompletionSource _exited = NewSignal();
    private TaskCompletionSource _changed = NewSignal();
    private int _openStreams = 2;
    private bool _disposed;

    private ProcessUnderTest(Process process) => _process = process;

    public int Id { get; private set; }

    public bool HasExited => _process.HasExited;

    /// <summary>Standard output and error so far, in order of arrival.</summary>
    public string Output => string.Join('\n', Lines);

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_gate)
            {
                return [.. _lines];
            }
        }
    }

    /// <param name="environment">Added to ours; a null value removes a variable.</param>
    public static ProcessUnderTest Start(string fileName, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string? workingDirectory = null)
    {
        // A background job of a shell hands down an ignored SIGINT (nohup: SIGHUP), and .NET keeps what is ignored: it would not reach the child.
        var start = new ProcessStartInfo("env", ["--default-signal=INT,HUP", fileName, .. arguments]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = workingDirectory ?? "" };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var child = new ProcessUnderTest(process);
        process.Exited += (_, _) => child._exited.TrySetResult();
        process.Start();
        child.Id = process.Id;
        process.OutputDataReceived += child.Add;
        process.ErrorDataReceived += child.Add;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return child;
    }

    /// <summary>Runs a .NET assembly with the same dotnet as the test.</summary>
    /// <param name="descriptors">How many files it may have open; null for as many as the test.</param>
    public static ProcessUnderTest StartDotnet(
        string assemblyPath, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, int? descriptors = null, string? workingDirectory = null)
    {
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        return descriptors is { } most
            ? Start("prlimit", [string.Create(CultureInfo.InvariantCulture, $"--nofile={most}"), dotnet, assemblyPath, .. arguments], environment, workingDirectory)
            : Start(dotnet, arguments.Prepend(assemblyPath), environment, workingDirectory);
    }

    /// <summary>The first line, past or future, that starts with the prefix. Throws with the output when the process ends without it or the time-out (default 60 s) passes.</summary>
    public Task<string> WaitForLineAsync(string prefix, TimeSpan? timeout = null) =>
        WaitForLineAsync(l => l.StartsWith(prefix, StringComparison.Ordinal), timeout);

    public async Task<string> WaitForLineAsync(Func<string, bool> match, TimeSpan? timeout = null)
    {
        using var limit = new CancellationTokenSource(timeout ?? DefaultTimeout);
        while (true)
        {
            Task changed;
            bool ended;
            lock (_gate)
            {
                if (_lines.FirstOrDefault(match) is { } line)
                {
                    return line;
                }

                changed = _changed.Task;
                ended = _openStreams == 0;
            }

            if (ended)
            {
                throw new InvalidOperationException($"The process ended before the expected line came. Its output:\n{Output}");
            }

            try
            {
                await changed.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"The expected line did not come in time. The output so far:\n{Output}");
            }
        }
    }

    /// <summary>To its standard input.</summary>
    public async Task WriteLineAsync(string line)
    {
        await _process.StandardInput.WriteLineAsync(line);
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>SIGKILL to this one process, as an out-of-memory killer would.</summary>
    public async Task KillAsync()
    {
        // No program in between: until that has started, the process does much more.
        _process.Kill();
        await WaitForExitAsync();
    }

    /// <summary>SIGTERM.</summary>
    public void Terminate() => Signal("TERM");

    /// <summary>SIGHUP, as a terminal that closes.</summary>
    public void HangUp() => Signal("HUP");

    /// <summary>SIGINT, as Ctrl-C.</summary>
    public void Interrupt() => Signal("INT");

    /// <summary>The exit code; 128 + signal when a signal ended it. Its last words have arrived by then.</summary>
    public async Task<int> WaitForExitAsync(TimeSpan? timeout = null)
    {
        using var limit = new CancellationTokenSource(timeout ?? DefaultTimeout);
        try
        {
            // Not Process.WaitForExitAsync: that also waits for grandchildren that hold the output open.
            await _exited.Task.WaitAsync(limit.Token);
            await WaitForLastWordsAsync();
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The process did not end in time. The output so far:\n{Output}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await WaitForExitAsync();
        }

        _process.Dispose();
    }

    // What it wrote is read a moment after it ended; grandchildren may hold the output open for much longer.
    private async Task WaitForLastWordsAsync()
    {
        using var patience = new CancellationTokenSource(LastWords);
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                if (_openStreams == 0 || patience.IsCancellationRequested)
                {
                    return;
                }

                changed = _changed.Task;
            }

            await Task.WhenAny(changed, Task.Delay(Timeout.Infinite, patience.Token));
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Signal(string name)
    {
        using var kill = Process.Start("kill", ["-" + name, Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    private void Add(object sender, DataReceivedEventArgs e)
    {
        lock (_gate)
        {
            if (e.Data is null)
            {
                _openStreams--;
            }
            else
            {
                _lines.Add(e.Data);
            }

            _changed.SetResult();
            _changed = NewSignal();
        }
    }
}
