using System.Text.Json;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Where results and remarks go: results to stdout, and with <c>--json</c> only the JSON; remarks then go to stderr.</summary>
internal sealed class Terminal
{
    // Nothing is wrapped here: a terminal wraps by itself, and what is copied out of it stays whole.
    private const int NeverWrap = 10_000;
    private readonly TextWriter _output;

    public Terminal(TextWriter output, TextWriter error, bool json)
    {
        _output = output;
        IsJson = json;
        var human = json ? error : output;
        Remarks = Create(error);
        Console = json ? Remarks : Create(human);
    }

    public bool IsJson { get; }

    /// <summary>For people: stdout, or stderr when stdout is for JSON.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>Warnings and progress that are no part of the result: stderr.</summary>
    public IAnsiConsole Remarks { get; }

    /// <summary>The result of a command, as JSON or as whatever <paramref name="print"/> writes.</summary>
    public void Result<T>(T value, Action<IAnsiConsole> print)
    {
        if (IsJson)
        {
            _output.WriteLine(JsonSerializer.Serialize(value, Json.Options));
        }
        else
        {
            print(Console);
        }
    }

    /// <summary>One event of a continuous command: one line of JSON, or whatever <paramref name="print"/> writes.</summary>
    public void JsonLine<T>(T value, Action<IAnsiConsole> print)
    {
        if (IsJson)
        {
            _output.WriteLine(JsonSerializer.Serialize(value, Json.OneLine));
        }
        else
        {
            print(Console);
        }
    }

    /// <summary>Text exactly as it is, for PEM and the like; nothing with <c>--json</c>.</summary>
    public void Raw(string text)
    {
        if (!IsJson)
        {
            _output.Write(text);
        }
    }

    private static IAnsiConsole Create(TextWriter writer)
    {
        var target = new AnsiConsoleOutput(writer);
        var console = AnsiConsole.Create(target.IsTerminal
            ? new AnsiConsoleSettings { Out = target }
            : new AnsiConsoleSettings { Out = target, Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No });
        console.Profile.Width = NeverWrap;
        return console;
    }
}
