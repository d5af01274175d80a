using System.CommandLine;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>Asks before the irreversible; a program says --yes.</summary>
internal static class Confirm
{
    public static Option<bool> Yes { get; } = new("--yes", "-y") { Description = "Do not ask." };

    public static void Ask(Run run, string question)
    {
        if (run.Get(Yes))
        {
            return;
        }

        if (Console.IsInputRedirected || Console.IsErrorRedirected)
        {
            throw CliException.Usage($"{question} Say --yes");
        }

        if (!run.Terminal.Remarks.Prompt(new ConfirmationPrompt(question.EscapeMarkup()) { DefaultValue = false }))
        {
            throw CliException.Failed("not_confirmed", "nothing was done");
        }
    }

    /// <summary>For what must not happen by a reflex: the answer is a name, which the server compares.</summary>
    /// <param name="run">Whose terminal is asked.</param>
    /// <param name="question">The prompt.</param>
    /// <param name="otherwise">The option to give when there is no terminal to ask at.</param>
    public static string AskForName(Run run, string question, string otherwise)
    {
        if (Console.IsInputRedirected || Console.IsErrorRedirected)
        {
            throw CliException.Usage($"{question} Give {otherwise}");
        }

        var name = run.Terminal.Remarks.Prompt(new TextPrompt<string>(question.EscapeMarkup()).AllowEmpty());
        return name.Length > 0 ? name : throw CliException.Failed("not_confirmed", "nothing was done");
    }
}
