using System.CommandLine;
using System.CommandLine.Parsing;

namespace IoTPlatform.Iot;

/// <summary>Makes a command that does something.</summary>
internal static class Verb
{
    public static Command Create(string name, string description, string[] examples, Func<Run, CancellationToken, Task<int>> run, params Symbol[] symbols)
    {
        var command = new Command(name, description);
        foreach (var symbol in symbols)
        {
            Add(command, symbol);
        }

        Examples.Add(command, examples);
        command.SetAction((parsed, cancellationToken) => run(RunOf(parsed), cancellationToken));
        return command;
    }

    /// <summary>A command that only holds others.</summary>
    public static Command Group(string name, string description, string[] examples, params Command[] commands)
    {
        var group = new Command(name, description);
        foreach (var command in commands)
        {
            group.Add(command);
        }

        Examples.Add(group, examples);
        return group;
    }

    private static void Add(Command command, Symbol symbol)
    {
        if (symbol is Argument argument)
        {
            command.Add(argument);
        }
        else
        {
            command.Add((Option)symbol);
        }
    }

    private static Run RunOf(ParseResult parsed)
    {
        var console = parsed.InvocationConfiguration;
        var terminal = new Terminal(console.Output, console.Error, parsed.GetValue(IotCommand.Json));
        return new Run(parsed, terminal, Environment.GetEnvironmentVariable, TimeProvider.System);
    }
}

internal static class CommandPath
{
    /// <summary>For example <c>iot tenants prepare</c>.</summary>
    public static string Of(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{Of(parent)} {command.Command.Name}" : "iot";
}

/// <summary>A command under its former name: not shown, does nothing, says where it went.</summary>
internal static class Moved
{
    public static Command To(string name, string now, string why)
    {
        var command = Verb.Create(name, $"Is now: {now}.", [now], (_, _) => throw CliException.Usage($"{why}: {now}"));
        command.Hidden = true;
        command.TreatUnmatchedTokensAsErrors = false;
        return command;
    }
}
