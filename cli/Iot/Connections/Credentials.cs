using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>A secret from a file or the terminal; never from the command line, where every process sees it.</summary>
internal static class Credentials
{
    private const int MaxPasswordFile = 4096;

    /// <param name="run">Whose terminal is asked.</param>
    /// <param name="question">The prompt.</param>
    /// <param name="otherwise">The option to give when there is no terminal to ask at.</param>
    public static string Ask(Run run, string question, string otherwise) => Console.IsInputRedirected || Console.IsErrorRedirected
        ? throw new CliException(ExitCode.NotAuthorised, "no_password", $"no password: give {otherwise}")
        : run.Terminal.Remarks.Prompt(new TextPrompt<string>(question.EscapeMarkup()).Secret(null));

    public static string Read(string file)
    {
        var text = file == "-" ? Console.In.ReadLine() : File.ReadLines(file).FirstOrDefault();
        return text is { Length: > 0 and < MaxPasswordFile } ? text.TrimEnd('\r') : throw CliException.Usage($"{file} holds no password in its first line");
    }
}
