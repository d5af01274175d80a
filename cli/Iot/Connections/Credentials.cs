using IoTPlatform.Client;
using Spectre.Console;

namespace IoTPlatform.Iot;

/// <summary>The password of a log-in, from wherever the operator keeps it; never from the command line, where every process sees it.</summary>
internal static class Credentials
{
    private const int MaxPasswordFile = 4096;

    public static string Find(Run run, ServerOptions options, Uri url, RootTrust trust)
    {
        if (run.Get(ServerOptions.PasswordFile) is { } file)
        {
            return Read(file);
        }

        if (run.Env("IOT_ADMIN_PASSWORD") is { } configured)
        {
            return configured;
        }

        if (run.Get(ServerOptions.Username) == "admin" && LocalStack.Of(run, options, url, trust)?.RequireKind(options).AdminPassword is { } local)
        {
            return local;
        }

        return Ask(run, $"Password of {run.Get(ServerOptions.Username)}:", "--password-file, IOT_ADMIN_PASSWORD, or --data FOLDER of a stack on this machine");
    }

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
