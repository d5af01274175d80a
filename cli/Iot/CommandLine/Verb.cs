using System.CommandLine;

namespace IoTPlatform.Iot;

/// <summary>Makes a command that does something.</summary>
internal static class Verb
{
    public static Command Create(string name, string description, string[] examples, Func<Run, CancellationToken, Task<int>> run, params Symbol[] symbols)
    {
        var command = new Command(name, description);
        foreach (var symbol in symbols)
            Add(command, symbol);
        Examples.Add(command, examples);
        command.SetAction((parsed, cancellationToken) => run(RunOf(parsed), cancellationToken));
        return command;
    }

    /// <summary>A command that only holds others.</summary>
    public static Command Group(string name, string description, string[] examples, params Command[] commands)
    {
        var group = new Command(name, description);
        foreach (var command in commands)
            group.Add(command);
        Examples.Add(group, examples);
        return group;
    }

    private static void Add(Command command, Symbol symbol)
    {
        if (symbol is Argument argument)
            command.Add(argument);
        else
            command.Add((Option)symbol);
    }

    private static Run RunOf(ParseResult parsed)
    {
        var console = parsed.InvocationConfiguration;
        var terminal = new Terminal(console.Output, console.Error, parsed.GetValue(IotCommand.Json));
        return new Run(parsed, terminal, Environment.GetEnvironmentVariable, TimeProvider.System);
    }
}
