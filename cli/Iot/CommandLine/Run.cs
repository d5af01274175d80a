using System.CommandLine;

namespace IoTPlatform.Iot;

/// <summary>One invocation of one command: its arguments, its terminal, the world around it.</summary>
internal sealed class Run(ParseResult arguments, Terminal terminal, Func<string, string?> environment, TimeProvider time)
{
    public Terminal Terminal { get; } = terminal;
    public TimeProvider Time { get; } = time;

    public T? Get<T>(Option<T> option) => arguments.GetValue(option);

    public T Get<T>(Argument<T> argument) => arguments.GetRequiredValue(argument);

    public T? Find<T>(Argument<T> argument) => arguments.GetValue(argument);

    public IReadOnlyList<string> Unmatched => arguments.UnmatchedTokens;

    /// <summary>An environment variable; empty counts as unset.</summary>
    public string? Env(string name) => environment(name) is { Length: > 0 } value ? value : null;
}
