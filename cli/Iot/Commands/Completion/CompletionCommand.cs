using System.CommandLine;

namespace IoTPlatform.Iot;

/// <summary>Prints what a shell has to source. The shells ask <c>iot [suggest:N] LINE</c>, so they know what this very version knows.</summary>
internal static class CompletionCommand
{
    private static readonly string[] Shells = ["bash", "zsh", "fish"];
    private static readonly Argument<string> Shell = Create(new Argument<string>("shell") { Description = "bash, zsh or fish." });

    public static Command Create() => Verb.Create(
        "completion", "Print the completion script of a shell: TAB then completes commands, options and their values.",
        ["source <(iot completion bash)", "iot completion zsh > \"${fpath[1]}/_iot\"", "iot completion fish > ~/.config/fish/completions/iot.fish"],
        RunAsync, Shell);

    private static Task<int> RunAsync(Run run, CancellationToken cancellationToken)
    {
        var script = Script(run.Get(Shell));
        run.Terminal.Raw(script);
        if (run.Terminal.IsJson)
        {
            run.Terminal.Result(new { Shell = run.Get(Shell), Script = script }, static _ => { });
        }

        return Task.FromResult(ExitCode.Ok);
    }

    private static string Script(string shell)
    {
        using var resource = typeof(CompletionCommand).Assembly.GetManifestResourceStream($"completion.{shell}")!;
        using var reader = new StreamReader(resource);
        return reader.ReadToEnd();
    }

    private static Argument<string> Create(Argument<string> shell)
    {
        shell.AcceptOnlyFromAmong(Shells);
        return shell;
    }
}
