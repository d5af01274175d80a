using System.CommandLine;
using System.Runtime.InteropServices;

namespace IoTPlatform.Iot;

/// <summary>One invocation of one command: its arguments, terminal and environment.</summary>
internal sealed class Run(ParseResult arguments, Terminal terminal, Func<string, string?> environment, TimeProvider time)
{
    public Terminal Terminal { get; } = terminal;
    public TimeProvider Time { get; } = time;

    /// <summary>The same invocation, with an environment in front of its own.</summary>
    public Run(Run outer, Func<string, string?> environment) : this(outer.Arguments, outer.Terminal, name => environment(name) ?? outer.Env(name), outer.Time)
    {
    }

    private ParseResult Arguments => arguments;

    public T? Get<T>(Option<T> option) => arguments.GetValue(option);

    public T Get<T>(Argument<T> argument) => arguments.GetRequiredValue(argument);

    public T? Find<T>(Argument<T> argument) => arguments.GetValue(argument);

    /// <summary>An environment variable; empty counts as unset.</summary>
    public string? Env(string name) => environment(name) is { Length: > 0 } value ? value : null;
}

/// <summary>The first SIGINT, SIGTERM or SIGHUP cancels, so that everything started is ended; a second one ends it the hard way.</summary>
internal sealed class Interrupt : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration[] _registrations;
    private int _signals;

    public Interrupt() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal),
    ];

    public CancellationToken Token => _source.Token;

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref _signals) == 1)
        {
            _source.Cancel();
            return;
        }
        ChildProcess.KillAll();
        Environment.Exit(ExitCode.Interrupted);
    }
}
