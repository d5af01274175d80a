using System.Diagnostics;
using System.Globalization;

namespace IoTPlatform.Testing;

/// <summary>A real child process with captured output. Disposing kills the whole tree.</summary>
public sealed class ProcessUnderTest : IAsyncDisposable
{
    /// <summary>What is waited for comes at once or never: this is how slow a machine may be on which others work, too.</summary>
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan OrderlyStop = TimeSpan.FromSeconds(5);
    private readonly Lock _gate = new();
    private readonly List<string> _lines = [];
    private readonly Process _process;
    private readonly WarmProcess? _warm;
    private readonly TaskCompletionSource<int> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _changed = NewSignal();
    private int _openStreams = 2;
    private bool _disposed;
    private bool _terminated;

    /// <param name="warm">Whose run this is; null: the process's only one.</param>
    internal ProcessUnderTest(Process process, WarmProcess? warm = null) => (_process, _warm) = (process, warm);

    public int Id { get; private set; }

    public bool HasExited => _warm is null ? _process.HasExited : _exited.Task.IsCompleted;

    internal static string Dotnet => Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";

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
        var child = new ProcessUnderTest(Prepare(fileName, arguments, environment, workingDirectory));
        child._process.Exited += (_, _) => child.Ended(child._process.ExitCode);
        child._process.OutputDataReceived += (_, line) => child.Add(line.Data);
        child._process.ErrorDataReceived += (_, line) => child.Add(line.Data);
        Begin(child._process);
        child.Started();
        return child;
    }

    /// <summary>Runs a .NET program of ours in a process that has run it before, if there is one (tests/WarmStart), else in one that will run it again.</summary>
    /// <param name="hook">The assembly of tests/WarmStart.</param>
    public static ProcessUnderTest StartWarm(string assemblyPath, string hook, IReadOnlyDictionary<string, string?> environment) => WarmProcess.Run(assemblyPath, hook, environment);

    internal static Process Prepare(string fileName, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment, string? workingDirectory)
    {
        // A background job of a shell hands down an ignored SIGINT (nohup: SIGHUP), and .NET keeps what is ignored: it would not reach the child.
        var start = new ProcessStartInfo("env", ["--default-signal=INT,HUP", fileName, .. arguments]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = workingDirectory ?? "" };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        return new Process { StartInfo = start, EnableRaisingEvents = true };
    }

    internal static void Begin(Process process)
    {
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    internal void Started() => Id = _process.Id;

    internal void Ended(int exitCode) => _exited.TrySetResult(exitCode);

    /// <summary>Runs a .NET assembly with the same dotnet as the test.</summary>
    /// <param name="descriptors">How many files it may have open; null for as many as the test.</param>
    public static ProcessUnderTest StartDotnet(
        string assemblyPath, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, int? descriptors = null, string? workingDirectory = null)
    {
        return descriptors is { } most
            ? Start("prlimit", [string.Create(CultureInfo.InvariantCulture, $"--nofile={most}"), Dotnet, assemblyPath, .. arguments], environment, workingDirectory)
            : Start(Dotnet, arguments.Prepend(assemblyPath), environment, workingDirectory);
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
        Act(process => process.Kill());
        await WaitForExitAsync();
    }

    /// <summary>SIGTERM.</summary>
    public void Terminate()
    {
        _terminated = true;
        Signal("TERM");
    }

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
            var exitCode = await _exited.Task.WaitAsync(limit.Token);
            await WaitForLastWordsAsync();
            return exitCode;
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

        if (_warm is not null && !HasExited)
        {
            // So that it can run again. A second signal could meet the next run.
            if (!_terminated)
            {
                Terminate();
            }

            await Task.WhenAny(_exited.Task, Task.Delay(OrderlyStop));
        }

        if (!HasExited)
        {
            Act(process => process.Kill(entireProcessTree: true));
            await WaitForExitAsync();
        }

        if (_warm is null)
        {
            _process.Dispose();
        }
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
        Act(process =>
        {
            using var kill = Process.Start("kill", ["-" + name, process.Id.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
        });
    }

    private void Act(Action<Process> act)
    {
        if (_warm is null)
        {
            act(_process);
        }
        else
        {
            _warm.While(this, act);
        }
    }

    /// <param name="line">null: one of the two streams has ended.</param>
    internal void Add(string? line)
    {
        lock (_gate)
        {
            if (line is null)
            {
                _openStreams--;
            }
            else
            {
                _lines.Add(line);
            }

            _changed.SetResult();
            _changed = NewSignal();
        }
    }
}
