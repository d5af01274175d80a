using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace IoTPlatform.Iot;

/// <summary>
/// A child in a session of its own, so that Ctrl-C reaches only us and its whole group can be ended at once; the kernel ends it
/// when we die. Both need util-linux (setsid, setpriv); without it the child is started plainly.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<int, ChildProcess> Running = [];
    private readonly Process _process;
    private readonly bool _ownGroup;
    private bool _abandoned;

    private ChildProcess(Process process, bool ownGroup)
    {
        _process = process;
        _ownGroup = ownGroup;
        Id = process.Id;
        Exited = WaitAsync();
    }

    public int Id { get; }

    /// <summary>Completes with the exit code.</summary>
    public Task<int> Exited { get; }

    public static ChildProcess Start(ChildCommand command)
    {
        var (start, ownGroup) = ChildStart.Build(command);
        // The kernel's parent-death signal follows the thread that forked, and pool threads come and go.
        var process = LongLivedThread.Instance.Run(() => Process.Start(start)!);
        if (command.OnLine is { } onLine)
        {
            process.OutputDataReceived += (_, line) => { if (line.Data is not null) { onLine(line.Data); } };
            process.BeginOutputReadLine();
        }
        var child = new ChildProcess(process, ownGroup);
        Running[child.Id] = child;
        return child;
    }

    /// <summary>The hard way, for a second Ctrl-C.</summary>
    public static void KillAll()
    {
        foreach (var child in Running.Values)
        {
            child.Kill();
        }
    }

    public void Send(int signal)
    {
        if (!Exited.IsCompleted)
        {
            Posix.Kill(Id, signal);
        }
    }

    /// <summary>Asks with SIGTERM, waits, then kills the group. Answers the exit code; nothing of the group is left.</summary>
    public async Task<int> StopAsync(TimeSpan patience)
    {
        Send(Posix.SigTerm);
        await Task.WhenAny(Exited, Task.Delay(patience, CancellationToken.None));
        Kill();
        return await Exited;
    }

    /// <summary>Leaves it running for good.</summary>
    public void Abandon()
    {
        _abandoned = true;
        Running.TryRemove(Id, out _);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_abandoned)
        {
            await StopAsync(TimeSpan.FromSeconds(15));
        }
    }

    private void Kill() => Posix.Kill(_ownGroup ? -Id : Id, Posix.SigKill);

    private async Task<int> WaitAsync()
    {
        await _process.WaitForExitAsync(CancellationToken.None);
        Running.TryRemove(_process.Id, out _);
        return _process.ExitCode;
    }
}

internal static class ChildStart
{
    // Ends when we are gone already, sends output to the log if there is one, and becomes the program.
    private const string Script = """
        [ "$PPID" = "$1" ] || exit 129; log=$2; shift 2
        if [ -n "$log" ]; then exec "$@" >>"$log" 2>&1 </dev/null; else exec "$@" </dev/null; fi
        """;

    public static (ProcessStartInfo Start, bool OwnGroup) Build(ChildCommand command)
    {
        var words = new List<string>();
        var setsid = ProgramPath.Find("setsid");
        var setpriv = ProgramPath.Find("setpriv");
        if (setsid is not null)
        {
            words.Add(setsid);
        }

        if (setpriv is not null && command.DiesWithUs)
        {
            words.AddRange([setpriv, "--pdeathsig", "TERM"]);
        }

        words.AddRange(["/bin/sh", "-c", Script, "iot", Environment.ProcessId.ToString(CultureInfo.InvariantCulture), command.LogFile ?? "", command.FileName, .. command.Arguments]);
        var start = new ProcessStartInfo(words[0], words[1..]) { UseShellExecute = false, WorkingDirectory = command.WorkingDirectory ?? "", RedirectStandardOutput = command.OnLine is not null };
        foreach (var (name, value) in command.Environment)
        {
            if (value is null)
            {
                start.Environment.Remove(name);
            }
            else
            {
                start.Environment[name] = value;
            }
        }
        return (start, setsid is not null);
    }
}

/// <summary>What to start. A class, not a record: its environment may hold secrets.</summary>
internal sealed class ChildCommand
{
    public required string FileName { get; init; }
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Set over the inherited environment; null removes.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();
    public string? WorkingDirectory { get; init; }

    /// <summary>Where stdout and stderr go; null: where ours go.</summary>
    public string? LogFile { get; init; }

    /// <summary>Called with every line of its stdout, which then does not go where ours goes.</summary>
    public Action<string>? OnLine { get; init; }

    /// <summary>SIGTERM when this process dies, however it dies.</summary>
    public bool DiesWithUs { get; init; } = true;
}
