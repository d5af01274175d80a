using System.CommandLine;
using System.CommandLine.Invocation;

namespace IoTPlatform.Iot;

/// <summary>Parses, runs, and turns every failure into one clear line and an exit code.</summary>
internal static class IotProgram
{
    /// <summary>Made once: a symbol keeps a list of all trees it was ever put into, and walks it to be put into another.</summary>
    public static RootCommand Root { get; } = IotCommand.Create();

    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        var parsed = Root.Parse(args);
        var console = new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        if (parsed.Action is ParseErrorAction parseError)
        {
            // A group without a verb is a question: what is there?
            parseError.ShowHelp = parsed.CommandResult.Command.Subcommands.Count > 0 && parsed.UnmatchedTokens.Count == 0;
            console.Output = error;
            await parsed.InvokeAsync(console, CancellationToken.None);
            await error.WriteLineAsync($"see: {CommandPath.Of(parsed.CommandResult)} --help");
            return ExitCode.Usage;
        }
        using var interrupt = new Interrupt();
        var json = parsed.GetValue(IotCommand.Json);
        try
        {
            return await parsed.InvokeAsync(console, interrupt.Token);
        }
        catch (Exception e)
        {
            var failure = interrupt.Token.IsCancellationRequested && e is OperationCanceledException ? Failure.Interrupted : Failure.Of(e);
            failure.Write(output, error, json);
            return failure.ExitCode;
        }
    }
}
