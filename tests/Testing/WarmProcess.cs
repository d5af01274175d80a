using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace IoTPlatform.Testing;

/// <summary>
/// A process that runs one of our programs time and again (tests/WarmStart): four fifths of the CPU of a start is code that this process has compiled already.
/// Each run is the program's own main with settings of its own and ends with an exit code; one that is killed takes the process with it.
/// </summary>
internal sealed class WarmProcess
{
    private const int Kept = 4;
    private const string ExitMark = "\u0001exit ";
    private const string EndMark = "\u0001end";
    private static readonly Lock Gate = new();
    private static readonly Dictionary<string, Stack<WarmProcess>> Idle = [];
    private readonly string _assembly;
    private ProcessUnderTest? _run;
    private int? _exitCode;
    private bool _errorEnded;

    private WarmProcess(string assembly, string hook)
    {
        _assembly = assembly;
        Process = ProcessUnderTest.Prepare(ProcessUnderTest.Dotnet, [assembly], new Dictionary<string, string?> { ["DOTNET_STARTUP_HOOKS"] = hook }, workingDirectory: null);
        Process.Exited += (_, _) => _run?.Ended(Process.ExitCode);
        Process.OutputDataReceived += (_, line) => Take(line.Data, ExitMark, code => _exitCode = int.Parse(code, CultureInfo.InvariantCulture));
        Process.ErrorDataReceived += (_, line) => Take(line.Data, EndMark, _ => _errorEnded = true);
    }

    public Process Process { get; }

    /// <param name="hook">The assembly of tests/WarmStart.</param>
    public static ProcessUnderTest Run(string assembly, string hook, IReadOnlyDictionary<string, string?> environment)
    {
        var warm = FindIdle(assembly);
        var process = warm ?? new WarmProcess(assembly, hook);
        var run = new ProcessUnderTest(process.Process, process);
        process._run = run;
        if (warm is null)
        {
            ProcessUnderTest.Begin(process.Process);
        }

        run.Started();
        process.Process.StandardInput.WriteLine(JsonSerializer.Serialize(environment));
        process.Process.StandardInput.Flush();
        return run;
    }

    /// <summary>While this is the process's run; what comes later would meet the next.</summary>
    public void While(ProcessUnderTest run, Action<Process> act)
    {
        lock (Gate)
        {
            if (_run == run)
            {
                act(Process);
            }
        }
    }

    private static WarmProcess? FindIdle(string assembly)
    {
        lock (Gate)
        {
            while (Idle.TryGetValue(assembly, out var idle) && idle.TryPop(out var process))
            {
                if (!process.Process.HasExited)
                {
                    return process;
                }
            }

            return null;
        }
    }

    private void Take(string? line, string mark, Action<string> marked)
    {
        if (line is null || !line.StartsWith(mark, StringComparison.Ordinal))
        {
            _run?.Add(line);
            return;
        }

        lock (Gate)
        {
            marked(line[mark.Length..]);
            if (_exitCode is not { } code || !_errorEnded || _run is not { } run)
            {
                return;
            }

            (_exitCode, _errorEnded, _run) = (null, false, null);
            Keep();
            run.Add(line: null);
            run.Add(line: null);
            run.Ended(code);
        }
    }

    private void Keep()
    {
        var idle = Idle.TryGetValue(_assembly, out var found) ? found : Idle[_assembly] = [];
        if (idle.Count < Kept)
        {
            idle.Push(this);
        }
        else
        {
            Process.StandardInput.Close();
        }
    }
}
