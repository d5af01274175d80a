using System.Collections.Concurrent;
using System.Diagnostics;

namespace IoTPlatform.Iot;

/// <summary>
/// A child in a session of its own, so that Ctrl-C reaches only us and its whole group can be ended at once; the kernel ends it
/// when we die. Both need util-linux (setsid, setpriv); without it the child is started plainly.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<int, ChildProcess> Running = [];
    private readonly Process process;
    private readonly bool ownGroup;
    private bool abandoned;

    private ChildProcess(Process process, bool ownGroup)
    {
        this.process = process;
        this.ownGroup = ownGroup;
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
            process.OutputDataReceived += (_, line) => { if (line.Data is not null) onLine(line.Data); };
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
            child.Kill();
    }

    public void Send(int signal)
    {
        if (!Exited.IsCompleted)
            Posix.Kill(Id, signal);
    }

    /// <summary>Asks with SIGTERM, waits, then kills the group. Answers the exit code; nothing of the group is left.</summary>
    public async Task<int> StopAsync(TimeSpan patience)
    {
        Send(Posix.SigTerm);
        await Task.WhenAny(Exited, Task.Delay(patience, CancellationToken.None)).ConfigureAwait(false);
        Kill();
        return await Exited.ConfigureAwait(false);
    }

    /// <summary>Leaves it running for good.</summary>
    public void Abandon()
    {
        abandoned = true;
        Running.TryRemove(Id, out _);
    }

    public async ValueTask DisposeAsync()
    {
        if (!abandoned)
            await StopAsync(TimeSpan.FromSeconds(15)).ConfigureAwait(false);
    }

    private void Kill() => Posix.Kill(ownGroup ? -Id : Id, Posix.SigKill);

    private async Task<int> WaitAsync()
    {
        await process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        Running.TryRemove(process.Id, out _);
        return process.ExitCode;
    }
}
