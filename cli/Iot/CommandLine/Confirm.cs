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
            return;
        if (Console.IsInputRedirected || Console.IsErrorRedirected)
            throw CliException.Usage($"{question} Say --yes");
        if (!run.Terminal.Remarks.Prompt(new ConfirmationPrompt(question.EscapeMarkup()) { DefaultValue = false }))
            throw CliException.Failed("not_confirmed", "nothing was done");
    }
}
