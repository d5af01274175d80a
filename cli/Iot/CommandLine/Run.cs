using System.CommandLine;
using System.Runtime.InteropServices;

namespace IoTPlatform.Iot;

/// <summary>One invocation of one command: its arguments, its terminal, the world around it.</summary>
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
    private readonly CancellationTokenSource source = new();
    private readonly PosixSignalRegistration[] registrations;
    private int signals;

    public Interrupt() => registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal),
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal),
    ];

    public CancellationToken Token => source.Token;

    public void Dispose()
    {
        foreach (var registration in registrations)
        {
            registration.Dispose();
        }

        source.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref signals) == 1)
        {
            source.Cancel();
            return;
        }
        ChildProcess.KillAll();
        Environment.Exit(ExitCode.Interrupted);
    }
}
